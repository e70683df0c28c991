import { readFile } from 'node:fs/promises';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';

type Bindings = typeof import('@prisma/schema-engine-wasm/schema_engine_bg');

/** Path and text of a schema file. */
export type Datamodel = [path: string, text: string];

/**
 * Expected failure of the schema engine. `code` is one of Prisma's error codes
 * (prisma.io/docs/orm/reference/error-reference).
 */
export interface KnownEngineError extends Error {
  readonly code: string;
}

declare global {
  /** Registry in which Prisma's WebAssembly modules store the reason of a panic. Prisma defines the name. */
  var PRISMA_WASM_PANIC_REGISTRY: { set_message(message: string): void } | undefined;

  /** Node.js has this global, but TypeScript declares it only for browsers. */
  var WebAssembly: {
    instantiate(
      module: Uint8Array,
      imports: Readonly<Record<string, object>>,
    ): Promise<{ readonly instance: { readonly exports: { __wbindgen_start(): void } } }>;
  };
}

let bindings: Promise<Bindings> | undefined;
let panicMessage: string | undefined;

/** Opens Prisma's schema engine, which implements `prisma migrate`, on the databases of the adapter factory. */
export async function openSchemaEngine(
  factory: SqlMigrationAwareDriverAdapterFactory,
  datamodels: readonly Datamodel[] = [],
): Promise<SchemaEngine> {
  bindings ??= loadBindings();
  const { SchemaEngine } = await bindings;
  const options = { datamodels: datamodels.length > 0 ? [...datamodels] : undefined };
  return SchemaEngine.new(options, ignoreLog, bindMigrationAwareSqlAdapterFactory(factory));
}

/** Returns the reason of a panic of the schema engine, or undefined. No engine of this process works after a panic. */
export function enginePanic(): string | undefined {
  return panicMessage;
}

export function isKnownEngineError(error: unknown): error is KnownEngineError {
  return error instanceof Error && 'code' in error && /^P\d{4}$/.test(String(error.code));
}

function ignoreLog(): void {
  // Ignores the engine's log, which would contain whole scripts. The engine also throws its errors.
}

/** Loads the WebAssembly module, which Prisma's npm package does not load by itself. */
async function loadBindings(): Promise<Bindings> {
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => (panicMessage = message) };
  const loaded = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const path = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const module = await readFile(path.replace(/\.js$/, '.wasm'));
  const imports: Record<string, unknown> = { ...loaded };
  for (const name of Object.keys(imports).filter(isTimer)) imports[name] = setIdleTimeout;
  const { instance } = await WebAssembly.instantiate(module, { './schema_engine_bg.js': imports });
  loaded.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return loaded;
}

function isTimer(name: string): boolean {
  return name.startsWith('__wbg_setTimeout_');
}

/** Creates timers that do not keep the process alive. The engine waits for a lock with a timer, but never clears it. */
function setIdleTimeout(callback: () => void, delayMs: number): NodeJS.Timeout {
  return setTimeout(callback, delayMs).unref();
}
