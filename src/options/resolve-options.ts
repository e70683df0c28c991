import { parseDatabaseUrl, parsePostgresqlUrl, type DatabaseLocation, type PostgresqlLocation } from './database-url';
import { defaultUrl } from './default-url';
import type { DatabaseEvent, Logger } from '../diagnostics/types';
import { Failure } from '../errors/failure';
import {
  checkArray,
  checkBoolean,
  checkObject,
  checkOneOf,
  checkText,
  checkWholeNumber,
  ifDefined,
} from '../validation/checks';
import { guardedRead } from '../validation/guarded-read';
import { parseLimits, type Limits } from '../validation/limits';
import type { BreakerOptions, CacheOptions, PoolOptions, RetryOptions } from './option-groups';
import type { ServiceSettings } from './service-settings';
import type { DatabaseOptions, Durability, MigrationMode, SqliteDriverName } from './types';

/** Validated option `retry`: limits of the attempts and waits after transient failures. */
export type RetryPolicy = { readonly [K in keyof RetryOptions]-?: number };

/** Validated option `breaker`: conditions under which the circuit breaker opens and probes the database. */
export type BreakerSettings = { readonly [K in keyof BreakerOptions]-?: number };

/** Validated option `pool` for PostgreSQL. Times are in milliseconds; 0 means no limit. */
export type PoolSettings = { readonly [K in keyof PoolOptions]-?: number };

/** Validated option `cache` of the record cache. */
export type CacheSettings = { readonly [K in keyof CacheOptions]-?: number };

/** Validated options of a database service, with their defaults. */
export interface ResolvedOptions extends Omit<ServiceSettings, 'checks' | 'onFeedRead'> {
  readonly limits: Limits;
  readonly location: DatabaseLocation;
  readonly replicas: readonly PostgresqlLocation[];
  readonly maxReplicaLagMs: number;
  readonly migrations: MigrationMode;
  readonly pool: PoolSettings;
  readonly allowReset: boolean;
  readonly busyTimeoutMs: number;
  /** SQLite driver that the application requests; undefined when any driver may be used. */
  readonly driver: SqliteDriverName | undefined;
  readonly durability: Durability;
  readonly maxWalBytes: number;
  readonly retry: RetryPolicy;
  /** Settings of the circuit breaker; undefined when it is disabled. */
  readonly breaker: BreakerSettings | undefined;
  readonly closeTimeoutMs: number;
  readonly transactionIdleTimeoutMs: number;
  /** Settings of the record cache; undefined when it is disabled. */
  readonly cache: CacheSettings | undefined;
  readonly logger: Logger | undefined;
  readonly onEvent: ((event: DatabaseEvent) => void) | undefined;
}

/** Maximum of `cache.maxEntries`, because the cache allocates memory for all entries at once. */
const maxCacheEntries = 10_000_000;
const thirtyDaysMs = 30 * 24 * 60 * 60 * 1000;
const noRetry: RetryPolicy = { attempts: 1, baseDelayMs: 0, maxDelayMs: 0, budgetMs: 0 };

const optionNames = new Set([
  'url',
  'replicaUrls',
  'maxReplicaLagMs',
  'migrations',
  'pool',
  'busyTimeoutMs',
  'driver',
  'durability',
  'maxWalBytes',
  'retry',
  'breaker',
  'cache',
  'closeTimeoutMs',
  'transactionIdleTimeoutMs',
  'maxResults',
  'limits',
  'defaultAgentLifetimeMs',
  'logger',
  'onEvent',
  'now',
  'allowReset',
] as const satisfies readonly (keyof DatabaseOptions)[]);
const poolNames = new Set(['maxConnections', 'idleTimeoutMs', 'connectTimeoutMs', 'statementTimeoutMs'] as const);
const cacheNames = new Set(['maxEntries', 'ttlMs', 'staleIfErrorMs'] as const);
const retryNames = new Set(['attempts', 'baseDelayMs', 'maxDelayMs', 'budgetMs'] as const);
const breakerNames = new Set(['failures', 'resetMs'] as const);
const logLevels = ['debug', 'info', 'warn', 'error'] as const;

/**
 * Returns the validated options of a database service, with their defaults.
 *
 * @throws INVALID_OPTIONS when an option is unknown or invalid
 */
export function resolveOptions(input: unknown): ResolvedOptions {
  try {
    return resolve(input);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure('INVALID_OPTIONS', error.message, { field: error.field, cause: error.cause });
  }
}

function resolve(input: unknown): ResolvedOptions {
  const options = checkObject(input, 'options', optionNames);
  const location = parseDatabaseUrl(ifDefined(options.url, 'url', checkText) ?? defaultUrl);
  return {
    location,
    replicas: parseReplicas(options.replicaUrls, location),
    maxReplicaLagMs: ifDefined(options.maxReplicaLagMs, 'maxReplicaLagMs', checkCount) ?? 5000,
    pool: parsePool(options.pool),
    allowReset: ifDefined(options.allowReset, 'allowReset', checkBoolean) ?? false,
    migrations:
      ifDefined(options.migrations, 'migrations', (value, field) =>
        checkOneOf(value, ['apply', 'verify', 'skip'] as const, field),
      ) ?? (location.kind === 'postgresql' ? 'verify' : 'apply'),
    busyTimeoutMs: ifDefined(options.busyTimeoutMs, 'busyTimeoutMs', checkCount) ?? 5000,
    driver: ifDefined(options.driver, 'driver', (value, field) =>
      checkOneOf(value, ['better-sqlite3', 'node:sqlite'] as const, field),
    ),
    durability:
      ifDefined(options.durability, 'durability', (value, field) =>
        checkOneOf(value, ['normal', 'full'] as const, field),
      ) ?? 'normal',
    maxWalBytes: ifDefined(options.maxWalBytes, 'maxWalBytes', checkWalBytes) ?? 67_108_864,
    retry: parseRetry(options.retry),
    breaker: options.breaker === false ? undefined : parseBreaker(options.breaker),
    closeTimeoutMs: ifDefined(options.closeTimeoutMs, 'closeTimeoutMs', checkTimeout) ?? 30_000,
    transactionIdleTimeoutMs:
      ifDefined(options.transactionIdleTimeoutMs, 'transactionIdleTimeoutMs', checkTimeout) ?? 30_000,
    cache: ifDefined(options.cache, 'cache', parseCache),
    limits: parseLimits(options.limits),
    maxResults: ifDefined(options.maxResults, 'maxResults', checkCount) ?? 10_000,
    defaultAgentLifetimeMs:
      ifDefined(options.defaultAgentLifetimeMs, 'defaultAgentLifetimeMs', checkCount) ?? thirtyDaysMs,
    logger: ifDefined(options.logger, 'logger', checkLogger),
    onEvent: ifDefined(options.onEvent, 'onEvent', checkHook),
    now: ifDefined(options.now, 'now', checkClock) ?? Date.now,
  };
}

function parseRetry(value: unknown): RetryPolicy {
  if (value === false) return noRetry;
  const retry = checkObject(value ?? {}, 'retry', retryNames);
  return {
    attempts:
      ifDefined(retry.attempts, 'retry.attempts', (count, field) => checkWholeNumber(count, field, 1, 100)) ?? 5,
    baseDelayMs: ifDefined(retry.baseDelayMs, 'retry.baseDelayMs', checkCount) ?? 20,
    maxDelayMs: ifDefined(retry.maxDelayMs, 'retry.maxDelayMs', checkCount) ?? 1000,
    budgetMs: ifDefined(retry.budgetMs, 'retry.budgetMs', checkCount) ?? 10_000,
  };
}

function parseBreaker(value: unknown): BreakerSettings {
  const breaker = checkObject(value === undefined ? {} : value, 'breaker', breakerNames);
  const failures = ifDefined(breaker.failures, 'breaker.failures', (count, field) =>
    checkWholeNumber(count, field, 1, Number.MAX_SAFE_INTEGER),
  );
  return { failures: failures ?? 5, resetMs: ifDefined(breaker.resetMs, 'breaker.resetMs', checkCount) ?? 1000 };
}

function parseCache(value: unknown): CacheSettings | undefined {
  const cache = checkObject(value, 'cache', cacheNames);
  const maxEntries =
    ifDefined(cache.maxEntries, 'cache.maxEntries', (count, field) =>
      checkWholeNumber(count, field, 0, maxCacheEntries),
    ) ?? 10_000;
  const ttlMs = ifDefined(cache.ttlMs, 'cache.ttlMs', checkCount) ?? 10_000;
  const staleIfErrorMs = ifDefined(cache.staleIfErrorMs, 'cache.staleIfErrorMs', checkCount) ?? 0;
  // Creates no cache when its size or its times are 0, because it could never return a record.
  return maxEntries === 0 || ttlMs + staleIfErrorMs === 0 ? undefined : { maxEntries, ttlMs, staleIfErrorMs };
}

// Checks the option `pool` also on SQLite, which ignores it: an application may use the same options for both engines.
function parsePool(value: unknown): PoolSettings {
  const pool = checkObject(value === undefined ? {} : value, 'pool', poolNames);
  const maxConnections = ifDefined(pool.maxConnections, 'pool.maxConnections', (count, field) =>
    checkWholeNumber(count, field, 1, 10_000),
  );
  return {
    maxConnections: maxConnections ?? 10,
    idleTimeoutMs: ifDefined(pool.idleTimeoutMs, 'pool.idleTimeoutMs', checkTimeout) ?? 10_000,
    connectTimeoutMs: ifDefined(pool.connectTimeoutMs, 'pool.connectTimeoutMs', checkTimeout) ?? 5000,
    statementTimeoutMs: ifDefined(pool.statementTimeoutMs, 'pool.statementTimeoutMs', checkTimeout) ?? 0,
  };
}

function parseReplicas(value: unknown, location: DatabaseLocation): PostgresqlLocation[] {
  const urls = ifDefined(value, 'replicaUrls', (list, field) => checkArray(list, field, checkText)) ?? [];
  if (urls.length > 0 && location.kind !== 'postgresql') {
    throw new Failure('INVALID_OPTIONS', 'replicaUrls must be empty unless url is a PostgreSQL URL', {
      field: 'replicaUrls',
    });
  }
  return urls.map((url, index) => parsePostgresqlUrl(url, `replicaUrls[${index}]`));
}

// Allows at most 2 ** 31 - 1 milliseconds, the maximum delay of a timer in Node.js.
function checkTimeout(value: unknown, field: string): number {
  return checkWholeNumber(value, field, 0, 2 ** 31 - 1);
}

function checkCount(value: unknown, field: string): number {
  return checkWholeNumber(value, field, 0, Number.MAX_SAFE_INTEGER);
}

// Requires at least 4 MiB. With a lower limit, the thread would copy the write-ahead log all the time, because SQLite
// itself begins to copy at 4 MB.
function checkWalBytes(value: unknown, field: string): number {
  return checkWholeNumber(value, field, 4_194_304, Number.MAX_SAFE_INTEGER);
}

// The casts in the three functions below cannot be verified: the types of a function's parameters and result do not
// exist at run time.

function checkClock(value: unknown, field: string): () => number {
  if (typeof value === 'function') return value as () => number;
  throw new Failure('INVALID_OPTIONS', `${field} must be a function`, { field });
}

function checkHook(value: unknown, field: string): (event: DatabaseEvent) => void {
  if (typeof value === 'function') return value as (event: DatabaseEvent) => void;
  throw new Failure('INVALID_OPTIONS', `${field} must be a function`, { field });
}

function checkLogger(value: unknown, field: string): Logger {
  const isLogger = (candidate: object): boolean =>
    logLevels.every((level) => level in candidate && typeof (candidate as Logger)[level] === 'function');
  if (typeof value === 'object' && value !== null && guardedRead(field, () => isLogger(value))) return value as Logger;
  throw new Failure('INVALID_OPTIONS', `${field} must have the methods ${logLevels.join(', ')}`, { field });
}
