import { existsSync } from 'node:fs';
import { join } from 'node:path';
import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

// What it imports is installed by the benchmark alone; without, no type there is known.
const peers = 'scripts/bench/peers/';
const unknownPeers = existsSync(join(import.meta.dirname, peers, 'node_modules')) ? [] : [peers];

export default defineConfig(
  globalIgnores(['dist/', 'src/generated/', 'coverage/', ...unknownPeers]),
  {
    files: ['**/*.ts'],
    extends: [eslint.configs.recommended, tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['**/*.mjs'],
    extends: [eslint.configs.recommended],
    languageOptions: {
      globals: { console: 'readonly', process: 'readonly', WebAssembly: 'readonly', URL: 'readonly' },
    },
  },
);
