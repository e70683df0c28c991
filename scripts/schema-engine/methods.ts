import { readFileSync } from 'node:fs';
import type { SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import { isKnownEngineError, openSchemaEngine, type Datamodel } from './wasm-engine';
import type { Database } from './database';

/** The parameters of a request, and in part the result: JSON that the CLI and the engine agree upon. */
export type Json = Readonly<Record<string, unknown>>;

/** Sends a text to the CLI, which prints it. */
export type Print = (content: string) => Promise<void>;

/** Methods that the engine implements itself. */
const engineMethods: ReadonlySet<string> = new Set([
  'applyMigrations',
  'debugPanic',
  'devDiagnostic',
  'introspectSql',
  'markMigrationApplied',
  'markMigrationRolledBack',
  'schemaPush',
]);

/** The methods that Prisma's CLI calls, on one database. */
export class Methods {
  readonly #database: Database;
  readonly #schemaPaths: readonly string[];
  readonly #print: Print;
  #engine: Promise<SchemaEngine> | undefined;

  constructor(database: Database, schemaPaths: readonly string[], print: Print) {
    this.#database = database;
    this.#schemaPaths = schemaPaths;
    this.#print = print;
  }

  async call(method: string, params: Json): Promise<unknown> {
    try {
      return await this.#answer(method, params);
    } catch (error) {
      throw isKnownEngineError(error) ? error : ((await this.#database.explain(method)) ?? error);
    }
  }

  async #answer(method: string, params: Json): Promise<unknown> {
    switch (method) {
      case 'createDatabase':
        return { databaseName: await this.#database.create() };
      case 'ensureConnectionValidity':
        await this.#database.check();
        return {};
      case 'getDatabaseVersion':
        return this.#ask('version', params);
      case 'reset':
        // The engine's own reset deletes the rows and leaves the tables.
        await this.#database.empty();
        return {};
      case 'dbExecute':
        await this.#database.prepareForScript();
        return this.#ask(method, params);
      case 'introspect':
        await this.#database.check();
        return this.#ask(method, params);
      case 'diagnoseMigrationHistory':
        return { ...(await this.#askForObject(method, params)), hasMigrationsTable: await this.#database.hasHistory() };
      case 'evaluateDataLoss':
      case 'createMigration':
        await this.#replayMigrations(params);
        return this.#ask(method, params);
      case 'diff':
        return this.#diff(params);
    }
    if (!engineMethods.has(method)) throw new Error(`The schema engine has no method ${method}`);
    return this.#ask(method, params);
  }

  /**
   * These methods compare the schema with what the migrations make. On SQLite the engine cannot replay the migrations
   * while it answers them, but it remembers what it found when it looked for drift.
   */
  async #replayMigrations({ migrationsList, filters }: Json): Promise<void> {
    await this.#ask('diagnoseMigrationHistory', { migrationsList, filters, optInToShadowDatabase: true });
  }

  /** The CLI expects the text of the comparison not in the result but in a request to print it. */
  async #diff(params: Json): Promise<unknown> {
    const { stdout, ...result } = toObject(await ask(await this.#openForDiff(params), 'diff', params));
    if (typeof stdout === 'string') await this.#print(stdout);
    return { ...result, stdout: null };
  }

  #openForDiff({ from, to }: Json): Promise<SchemaEngine> {
    if (![from, to].every(isFile)) return this.#open();
    return openSchemaEngine(this.#database.offlineAdapterFactory, this.#readSchemas());
  }

  async #askForObject(method: string, params: Json): Promise<Json> {
    return toObject(await this.#ask(method, params));
  }

  async #ask(method: string, params: Json): Promise<unknown> {
    return ask(await this.#open(), method, params);
  }

  #open(): Promise<SchemaEngine> {
    return (this.#engine ??= openSchemaEngine(this.#database.adapterFactory, this.#readSchemas()));
  }

  #readSchemas(): Datamodel[] {
    return this.#schemaPaths.map((path) => [path, readFileSync(path, 'utf8')]);
  }
}

async function ask(engine: SchemaEngine, method: string, params: Json): Promise<unknown> {
  const call: unknown = Reflect.get(engine, method);
  if (typeof call !== 'function') throw new Error(`The schema engine has no method ${method}`);
  const result: unknown = await Reflect.apply(call, engine, [params]);
  return result;
}

function toObject(result: unknown): Json {
  if (typeof result !== 'object' || result === null) throw new Error('Unexpected result of the schema engine');
  return { ...result };
}

/** Reports whether one side of a comparison is known without a database. */
function isFile(side: unknown): boolean {
  return side instanceof Object && 'tag' in side && (side.tag === 'empty' || side.tag === 'schemaDatamodel');
}
