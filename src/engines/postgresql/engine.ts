import type { Diagnostics } from '../../diagnostics/diagnostics';
import type { PostgresqlLocation } from '../../options/database-url';
import type { ResolvedOptions } from '../../options/resolve-options';
import type {
  ConnectionHold,
  Engine,
  EngineCallbacks,
  EngineTransaction,
  TransactionRequest,
  TransactionWaiters,
} from '../../storage/engine';
import type { Executor, StatementObserver } from '../../storage/executor';
import { feedCounterMessages } from '../../storage/feed-counter-messages';
import type { FindingSink } from '../../storage/findings';
import type { HealthProbe } from '../../storage/health-probe';
import { Failure } from '../../errors/failure';
import type { Migrator } from '../../migrations/migrator';
import { PostgresqlNativeAccess } from './native-access';
import { PostgresqlConnections, runStatement } from './connections';
import { postgresqlDialect } from './dialect';
import {
  createPostgresqlExecutor,
  createPostgresqlTransactionExecutor,
  createReplicaExecutor,
  type CommitEffects,
  type CommitHooks,
} from './executor';
import { inspectFeedCounter } from './feed-counter';
import { createPostgresqlMigrator } from './migrations/migrator';
import { TransactionWithSavepoints } from './transaction-with-savepoints';
import { Replicas } from './replicas';
import { Sequencer } from './sequencer';
import { assertEncoding } from './server-encoding';
import { createWaiters } from './transaction-waiters';

/** Selects the properties of the server that {@link PostgresqlEngine.check} checks. */
const serverSql = `SELECT current_setting('server_encoding'), to_regclass('idx_agents_name_folded') IS NOT NULL,
  current_setting('synchronous_commit') = 'off', pg_is_in_recovery()`;

const standbyWarning = 'the server is a standby: writes fail with READ_ONLY';

/** Time in milliseconds that a health probe waits for a connection when `pool.connectTimeoutMs` is 0 (no limit). */
const defaultConnectMs = 5000;

/** PostgreSQL database: connections, replicas, migrations and probes. */
export class PostgresqlEngine implements Engine {
  readonly migrator: Migrator;
  readonly healthProbe: HealthProbe;
  readonly native: PostgresqlNativeAccess;
  readonly #primary: PostgresqlConnections;
  /**
   * Separate connection for health probes and for the query of lock waits. Neither has to wait for slow reads, or for a
   * connection of the pool.
   */
  readonly #control: PostgresqlConnections;
  readonly #replicas: Replicas;
  readonly #sequencer: Sequencer;
  readonly #hooks: CommitHooks;
  readonly #diagnostics: Diagnostics;
  readonly #callbacks: EngineCallbacks;

  /** Creates the engine. Does not open a connection. */
  constructor(
    location: PostgresqlLocation,
    options: ResolvedOptions,
    callbacks: EngineCallbacks,
    diagnostics: Diagnostics,
  ) {
    const { pool, replicas, maxReplicaLagMs } = options;
    const primary = new PostgresqlConnections(location, pool);
    const control = new PostgresqlConnections(location, {
      ...pool,
      maxConnections: 1,
      connectTimeoutMs: pool.connectTimeoutMs === 0 ? defaultConnectMs : pool.connectTimeoutMs,
    });
    this.migrator = createMigrator(location, primary, primary);
    this.#primary = primary;
    this.#control = control;
    this.#replicas = new Replicas(primary, replicas, { pool, maxLagMs: maxReplicaLagMs }, diagnostics);
    this.#diagnostics = diagnostics;
    this.#callbacks = callbacks;
    const background = new PostgresqlConnections(location, { ...pool, maxConnections: 1 });
    this.#sequencer = new Sequencer(
      background,
      (patienceMs) => callbacks.sequenceEvents(createPostgresqlExecutor(background, this.#hooks), patienceMs),
      diagnostics,
    );
    this.#hooks = { writeChanges: callbacks.writeChanges, requestSequencing: () => this.#sequencer.request() };
    this.native = new PostgresqlNativeAccess(primary);
    const inspector = createMigrator(location, control, primary);
    this.healthProbe = {
      engine: 'postgresql',
      ping: () =>
        control.withClient(async (client) => {
          const start = performance.now();
          await client.query('SELECT 1');
          return performance.now() - start;
        }),
      migrations: () => inspector.inspect(),
      warnings: () => warningsOf(control),
      replicas: () => this.#replicas.health(),
      pool: () => {
        const { totalCount: total, idleCount: idle, waitingCount: waiting } = primary.pool;
        return { total, idle, waiting, max: pool.maxConnections };
      },
      abort: () => control.terminateBusy(),
    };
  }

  /** Checks that the server can be used, and reports warnings. The schema must exist. */
  async check(): Promise<void> {
    const [[encoding, hasSearchIndex, mayLoseCommits, isStandby] = []] = await this.#primary.query(serverSql);
    assertEncoding(encoding);
    if (hasSearchIndex !== true)
      this.#diagnostics.warned('trigram index is missing: searches by a part of a name scan the whole table');
    if (mayLoseCommits === true) {
      this.#diagnostics.warned('synchronous_commit is off: a crash of the server can lose committed changes');
    }
    if (isStandby === true) this.#diagnostics.warned(standbyWarning);
    else await this.#sequencer.resume(this.#primary);
    await this.#replicas.check();
  }

  createExecutor(observe?: StatementObserver): Executor {
    return createPostgresqlExecutor(this.#primary, this.#hooks, observe);
  }

  preferReplicas(primary: Executor, observe?: StatementObserver): Executor {
    return this.#replicas.isEmpty ? primary : createReplicaExecutor(this.#replicas, primary, observe);
  }

  async begin(request: TransactionRequest): Promise<EngineTransaction> {
    const transaction = await TransactionWithSavepoints.begin(this.#primary, request);
    const waiters = createWaiters(this.#primary, this.#control, transaction);
    const native = new PostgresqlNativeAccess(this.#primary, transaction);
    return new PostgresqlEngineTransaction(transaction, native, waiters, this.#hooks);
  }

  migrate(): Promise<string[]> {
    return this.migrator.apply();
  }

  // Loads the module lazily, because most processes never check the integrity.
  async checkIntegrity(findings: FindingSink): Promise<void> {
    const { checkPostgresqlIntegrity } = await import('./integrity.js');
    await checkPostgresqlIntegrity(this.#primary, findings, this.#callbacks.checkRecords);
  }

  /** Does nothing: the server checkpoints its write-ahead log itself, and CHECKPOINT would need a privilege. */
  checkpoint(): Promise<boolean> {
    return Promise.resolve(false);
  }

  async optimize(): Promise<boolean> {
    const { analyzeTables } = await import('./analyze.js');
    return analyzeTables((sql) => this.#primary.query(sql));
  }

  /** Always rejects: PostgreSQL has its own tools for backups. */
  backUp(): Promise<void> {
    const message = 'backup() supports SQLite only: use pg_dump and pg_restore for PostgreSQL';
    return Promise.reject(new Failure('INVALID_OPTIONS', message, { field: 'url' }));
  }

  async close(): Promise<void> {
    await this.#sequencer.close();
    await this.#replicas.close();
    await this.#control.close();
    await this.#primary.close();
  }

  async terminate(): Promise<void> {
    this.#sequencer.terminate();
    this.#primary.terminate();
    this.#control.terminate();
    await this.#replicas.terminate();
  }
}

class PostgresqlEngineTransaction implements EngineTransaction {
  readonly native: PostgresqlNativeAccess;
  readonly waiters: TransactionWaiters;
  readonly hold: ConnectionHold;
  readonly #transaction: TransactionWithSavepoints;
  readonly #hooks: CommitHooks;
  readonly #effects: CommitEffects = { changes: [], needsSequencing: false };

  constructor(
    transaction: TransactionWithSavepoints,
    native: PostgresqlNativeAccess,
    waiters: TransactionWaiters,
    hooks: CommitHooks,
  ) {
    this.native = native;
    this.waiters = waiters;
    this.hold = transaction.hold;
    this.#transaction = transaction;
    this.#hooks = hooks;
  }

  createExecutor(observe?: StatementObserver): Executor {
    return createPostgresqlTransactionExecutor(this.#transaction, this.#effects, observe);
  }

  // Writes the change entries by the last statements, without a savepoint after them, as `ChangeStatements.insert`
  // requires. If the commit fails, the server has rolled back everything.
  async commit(): Promise<void> {
    const last = this.#hooks.writeChanges(postgresqlDialect, this.#effects.changes);
    await this.#transaction.commit((client) => last.map((statement) => runStatement(client, statement)));
    if (this.#effects.needsSequencing) this.#hooks.requestSequencing();
  }

  async rollback(): Promise<void> {
    await this.#transaction.rollback();
  }
}

function createMigrator(
  { schema }: PostgresqlLocation,
  connections: PostgresqlConnections,
  primary: PostgresqlConnections,
): Migrator {
  return createPostgresqlMigrator({
    query: async (sql) => ({ rows: (await connections.query(sql)).map((row) => [...row]) }),
    connect: () => primary.connectAlone(),
    schema,
  });
}

/** Returns warnings about a server that responds: it is a standby, or the sequence of the change feed is faulty. */
async function warningsOf(connections: PostgresqlConnections): Promise<string[]> {
  const warnings: string[] = [];
  const [[isStandby] = []] = await connections.query('SELECT pg_is_in_recovery()');
  if (isStandby === true) warnings.push(standbyWarning);
  const state = await inspectFeedCounter((sql) => connections.query(sql));
  if (state !== 'sound' && state !== 'hidden') warnings.push(feedCounterMessages[state]);
  return warnings;
}
