#!/usr/bin/env node
// Stands in for the native schema engine that Prisma's CLI would download: prisma.config.ts names this file in
// PRISMA_SCHEMA_ENGINE_BINARY. The work is done in TypeScript, in the folder of the same name.
import { createRequire } from 'node:module';

// The CLI reads each line that is written to stderr as JSON.
process.removeAllListeners('warning');

if (process.argv.includes('--version')) {
  console.log('schema-engine-cli wasm');
} else {
  const { register } = await import('tsx/cjs/api');
  register();
  const require = createRequire(import.meta.url);
  await require('./schema-engine/main.ts').main(process.argv.slice(2));
}
