import { readFileSync } from 'node:fs';
import type { SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import { isKnownEngineError, openSchemaEngine, type Datamodel } from './wasm-engine';
import type { Database } from './database';

/** Parameters or result of a request: JSON whose content only Prisma's CLI and the schema engine know. */
export type Json = Readonly<Record<string, unknown>>;

/** Function that asks Prisma's CLI to print a text. */
export type Print = (content: string) => Promise<void>;

/** Names of the methods that Prisma's schema engine implements itself. */
const engineMethods: ReadonlySet<string> = new Set([
  'applyMigrations',
  'debugPanic',
  'devDiagnostic',
  'introspectSql',
  'markMigrationApplied',
  'markMigrationRolledBack',
  'schemaPush',
]);

/** Implements the methods that Prisma's CLI calls, on one database. */
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
        // Does not call `reset` of Prisma's schema engine, because it deletes the rows but keeps the tables.
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
    if (!engineMethods.has(method)) throw new Error(`the schema engine has no method ${method}`);
    return this.#ask(method, params);
  }

  /**
   * Replays the migrations before a method that compares the schema with the result of the migrations. On SQLite, the
   * schema engine cannot replay them during such a method. But it remembers the result of an earlier search for drift,
   * which replays them.
   */
  async #replayMigrations({ migrationsList, filters }: Json): Promise<void> {
    await this.#ask('diagnoseMigrationHistory', { migrationsList, filters, optInToShadowDatabase: true });
  }

  /**
   * Sends the text of a comparison to Prisma's CLI. The CLI expects the text in a request to print, and not in the
   * result.
   */
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
  if (typeof call !== 'function') throw new Error(`the schema engine has no method ${method}`);
  const result: unknown = await Reflect.apply(call, engine, [params]);
  return result;
}

function toObject(result: unknown): Json {
  if (typeof result !== 'object' || result === null) throw new Error('unexpected result of the schema engine');
  return { ...result };
}

/** Reports whether one side of a comparison needs no database. */
function isFile(side: unknown): boolean {
  return side instanceof Object && 'tag' in side && (side.tag === 'empty' || side.tag === 'schemaDatamodel');
}
