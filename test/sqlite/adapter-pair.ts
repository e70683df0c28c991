import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import {
  isDriverAdapterError,
  type ArgScalarType,
  type SqlDriverAdapter,
  type SqlQuery,
} from '@prisma/driver-adapter-utils';
import SqliteDriver from 'better-sqlite3';
import { createSqliteAdapterFactory } from '../../src/engines/sqlite/prisma-adapter';
import { SqliteDatabase } from '../../src/engines/sqlite/database';
import { afterTest, temporaryDirectory } from '../support/test-database';

/** What a call left: what it returned, or what Prisma is told of its failure. */
type Outcome = { readonly result: unknown } | { readonly error: unknown };

/** The same call's outcome on our adapter and on the official one. */
export interface Outcomes {
  readonly ours: Outcome;
  readonly official: Outcome;
}

/** Our adapter and the official one, each on a database of its own; the two databases are equal at first. */
export interface AdapterPair {
  readonly query: (query: SqlQuery) => Promise<Outcomes>;
  readonly execute: (query: SqlQuery) => Promise<Outcomes>;
  readonly paths: { readonly ours: string; readonly official: string };
  readonly ours: SqlDriverAdapter;
  readonly official: SqlDriverAdapter;
}

/** Opens two equal databases, made by `script`; `busyTimeoutMs` is for both. */
export async function openAdapterPair(script: string, busyTimeoutMs = 50): Promise<AdapterPair> {
  const directory = temporaryDirectory();
  const paths = { ours: join(directory, 'ours.sqlite'), official: join(directory, 'official.sqlite') };
  const driver = new SqliteDriver(paths.ours);
  driver.exec(script);
  driver.close();
  copyFileSync(paths.ours, paths.official);
  const database = await openDatabase(paths.ours, busyTimeoutMs);
  const ours = await createSqliteAdapterFactory(database).connect();
  const official = await officialFactory(paths.official, busyTimeoutMs).connect();
  afterTest(() => official.dispose());
  return {
    ours,
    official,
    paths,
    query: (query) => both(ours, official, (adapter) => adapter.queryRaw(query)),
    execute: (query) => both(ours, official, (adapter) => adapter.executeRaw(query)),
  };
}

/** Opens our `SqliteDatabase`, which is closed after the test. */
export async function openDatabase(path: string, busyTimeoutMs = 50): Promise<SqliteDatabase> {
  const database = await SqliteDatabase.open({ path, busyTimeoutMs, durability: 'normal' });
  afterTest(() => database.close());
  return database;
}

export function officialFactory(path: string, timeout = 50): PrismaBetterSqlite3 {
  return new PrismaBetterSqlite3({ url: `file:${path}`, timeout }, { timestampFormat: 'unixepoch-ms' });
}

/** A statement with its arguments, all of one type. */
export function statement(sql: string, args: readonly unknown[] = [], scalarType: ArgScalarType = 'unknown'): SqlQuery {
  return { sql, args: [...args], argTypes: args.map(() => ({ scalarType, arity: 'scalar' })) };
}

/** What both adapters returned, which is the same. */
export function sameResult({ ours, official }: Outcomes): unknown {
  expect(official).toHaveProperty('result');
  expect(withoutChanges(ours)).toStrictEqual(official);
  return 'result' in official ? official.result : undefined;
}

/** What Prisma is told by both adapters of a failure, which is the same. */
export function sameError({ ours, official }: Outcomes): unknown {
  expect(official).toHaveProperty('error');
  // What is undefined reads as what is absent: Prisma looks no further.
  expect(ours).toEqual(official);
  return 'error' in official ? official.error : undefined;
}

async function both(
  ours: SqlDriverAdapter,
  official: SqlDriverAdapter,
  work: (adapter: SqlDriverAdapter) => Promise<unknown>,
): Promise<Outcomes> {
  return { ours: await outcomeOf(() => work(ours)), official: await outcomeOf(() => work(official)) };
}

async function outcomeOf(work: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { result: await work() };
  } catch (error) {
    if (isDriverAdapterError(error)) return { error: error.cause };
    const { name, message } = error as Error;
    return { error: `${name}: ${message}` };
  }
}

// Ours reports beside the rows how many a statement changed, which Prisma does not read.
function withoutChanges(outcome: Outcome): Outcome {
  if (!('result' in outcome) || typeof outcome.result !== 'object' || outcome.result === null) return outcome;
  const { columnNames, columnTypes, rows } = outcome.result as Record<string, unknown>;
  return { result: { columnNames, columnTypes, rows } };
}
