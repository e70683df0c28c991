import { readFile } from 'node:fs/promises';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';

type Bindings = typeof import('@prisma/schema-engine-wasm/schema_engine_bg');

/** A schema file: its path and its text. */
export type Datamodel = [path: string, text: string];

/** A failure that the engine foresaw. `code` is one of Prisma's (prisma.io/docs/orm/reference/error-reference). */
export interface KnownEngineError extends Error {
  readonly code: string;
}

declare global {
  /** Registry in which Prisma's WebAssembly modules store the reason of a panic. Prisma defines the name. */
  var PRISMA_WASM_PANIC_REGISTRY: { set_message(message: string): void } | undefined;

  /** Node.js has it; TypeScript declares it together with the browser's globals only. Here: what this module uses. */
  var WebAssembly: {
    instantiate(
      module: Uint8Array,
      imports: Readonly<Record<string, object>>,
    ): Promise<{ readonly instance: { readonly exports: { __wbindgen_start(): void } } }>;
  };
}

let bindings: Promise<Bindings> | undefined;
let panicMessage: string | undefined;

/** Opens Prisma's schema engine, the one behind `prisma migrate`, over the databases that the adapter factory opens. */
export async function openSchemaEngine(
  factory: SqlMigrationAwareDriverAdapterFactory,
  datamodels: readonly Datamodel[] = [],
): Promise<SchemaEngine> {
  bindings ??= loadBindings();
  const { SchemaEngine } = await bindings;
  const options = { datamodels: datamodels.length > 0 ? [...datamodels] : undefined };
  return SchemaEngine.new(options, ignoreLog, bindMigrationAwareSqlAdapterFactory(factory));
}

/** Returns the reason of the engine's panic; undefined before one. After a panic no engine of this process works. */
export function enginePanic(): string | undefined {
  return panicMessage;
}

export function isKnownEngineError(error: unknown): error is KnownEngineError {
  return error instanceof Error && 'code' in error && /^P\d{4}$/.test(String(error.code));
}

function ignoreLog(): void {
  // The engine's log repeats the scripts, and errors are thrown as well.
}

/** The package leaves it to its user to load the WebAssembly module that its bindings need. */
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

/** The engine limits its wait for a lock of PostgreSQL, and keeps the timer: it must not keep the process alive. */
function setIdleTimeout(callback: () => void, delayMs: number): NodeJS.Timeout {
  return setTimeout(callback, delayMs).unref();
}
