#!/usr/bin/env node
// Schema engine for Prisma's CLI, in place of the native one that the CLI would download. prisma.config.ts names this
// file in PRISMA_SCHEMA_ENGINE_BINARY. The TypeScript code is in the folder `schema-engine`.
import { createRequire } from 'node:module';

// The CLI parses each line of stderr as JSON, so a warning must not be printed there.
process.removeAllListeners('warning');

if (process.argv.includes('--version')) {
  console.log('schema-engine-cli wasm');
} else {
  const { register } = await import('tsx/cjs/api');
  register();
  const require = createRequire(import.meta.url);
  await require('./schema-engine/main.ts').main(process.argv.slice(2));
}
