import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type * as OfficialAdapter from '@prisma/adapter-better-sqlite3';
import {
  isDriverAdapterError,
  type ArgScalarType,
  type SqlDriverAdapter,
  type SqlQuery,
} from '@prisma/driver-adapter-utils';
import SqliteDriver from 'better-sqlite3';
import { adapterFactory } from '../../src/prisma/prisma-adapter';
import { sqliteBinding } from '../../src/prisma/sqlite-binding';
import { openBareSession } from './bare-session';
import { SqliteDatabase } from '../../src/engines/sqlite/database';
import { loadSqliteDriver } from '../../src/engines/sqlite/driver/load-driver';
import { scratch } from '../support/scratch';
import { afterTest, runCleanups, type Cleanup } from '../support/test-database';

/** The result of a call, or its error as Prisma receives it. */
type Outcome = { readonly result: unknown } | { readonly error: unknown };

/** The outcomes of one call on our adapter and on the official one. */
interface Outcomes {
  readonly ours: Outcome;
  readonly official: Outcome;
}

/** Our adapter and the official one, each on a separate database; the two databases are equal at first. */
export interface AdapterPair {
  readonly query: (query: SqlQuery) => Promise<Outcomes>;
  readonly execute: (query: SqlQuery) => Promise<Outcomes>;
  readonly both: (work: (adapter: SqlDriverAdapter) => Promise<unknown>) => Promise<Outcomes>;
  readonly paths: { readonly ours: string; readonly official: string };
  readonly ours: SqlDriverAdapter;
}

/** Opens two equal databases, which `script` creates. */
export async function openAdapterPair(script: string, atEnd = afterTest): Promise<AdapterPair> {
  const directory = mkdtempSync(join(scratch, 'ans-test-'));
  atEnd(() => rmSync(directory, { recursive: true, force: true }));
  const paths = { ours: join(directory, 'ours.sqlite'), official: join(directory, 'official.sqlite') };
  const driver = new SqliteDriver(paths.ours);
  driver.exec(script);
  driver.close();
  copyFileSync(paths.ours, paths.official);
  const { session } = await openBareSession(paths.ours, 50, atEnd);
  const ours = await adapterFactory(session, sqliteBinding('milliseconds')).connect();
  const official = await officialFactory(paths.official).connect();
  atEnd(() => official.dispose());
  const both: AdapterPair['both'] = async (work) => {
    return { ours: await outcomeOf(() => work(ours)), official: await outcomeOf(() => work(official)) };
  };
  return {
    ours,
    paths,
    both,
    query: (query) => both((adapter) => adapter.queryRaw(query)),
    execute: (query) => both((adapter) => adapter.executeRaw(query)),
  };
}

/** Opens one pair for all tests of a `describe`. Each test must leave the two databases equal. */
export function shareAdapterPair(script: string): () => AdapterPair {
  const ends: Cleanup[] = [];
  let shared: AdapterPair | undefined;
  beforeAll(async () => (shared = await openAdapterPair(script, (end) => void ends.push(end))));
  afterAll(() => runCleanups(ends));
  return () => {
    if (shared === undefined) throw new Error('the shared adapters are open inside of tests only');
    return shared;
  };
}

export async function openDatabase(path: string, busyTimeoutMs = 50, atEnd = afterTest): Promise<SqliteDatabase> {
  const database = await SqliteDatabase.open({ path, driver: loadSqliteDriver(), busyTimeoutMs, durability: 'normal' });
  atEnd(() => database.close());
  return database;
}

function officialFactory(path: string, timeout = 50): OfficialAdapter.PrismaBetterSqlite3 {
  // Loaded lazily: it needs better-sqlite3, with which not all tests run.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { PrismaBetterSqlite3 } = require('@prisma/adapter-better-sqlite3') as typeof OfficialAdapter;
  return new PrismaBetterSqlite3({ url: `file:${path}`, timeout }, { timestampFormat: 'unixepoch-ms' });
}

/** Returns a statement whose arguments are all of one type. */
export function statement(sql: string, args: readonly unknown[] = [], scalarType: ArgScalarType = 'unknown'): SqlQuery {
  return { sql, args: [...args], argTypes: args.map(() => ({ scalarType, arity: 'scalar' })) };
}

/** Asserts that both adapters returned the same result, and returns it. */
export function sameResult({ ours, official }: Outcomes): unknown {
  expect(official).toHaveProperty('result');
  expect(withoutChanges(ours)).toStrictEqual(official);
  return 'result' in official ? official.result : undefined;
}

/** Asserts that both adapters failed with the same error, and returns it. */
export function sameError({ ours, official }: Outcomes): unknown {
  expect(official).toHaveProperty('error');
  expect(ours).toEqual(official);
  return 'error' in official ? official.error : undefined;
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

// Our adapter reports the number of changes together with the rows, which Prisma does not read.
function withoutChanges(outcome: Outcome): Outcome {
  if (!('result' in outcome) || typeof outcome.result !== 'object' || outcome.result === null) return outcome;
  const { columnNames, columnTypes, rows } = outcome.result as Record<string, unknown>;
  return { result: { columnNames, columnTypes, rows } };
}
