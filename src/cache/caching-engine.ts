import type { NativeAccess } from '../storage/native-access';
import type { BackupRequest } from '../options/parse-backup';
import type { FindingSink } from '../storage/findings';
import type { Engine, EngineTransaction, TransactionRequest, TransactionWaiters } from '../storage/engine';
import type { Executor, StatementObserver } from '../storage/executor';
import type { HealthProbe } from '../storage/health-probe';
import type { ConnectionHold } from '../storage/engine';
import type { Diagnostics } from '../diagnostics/diagnostics';
import type { CacheSettings } from '../options/resolve-options';
import type { ChangeEntry } from '../storage/transaction';
import { ChangePoll } from './change-poll';
import { CommitWatch } from './commit-watch';
import { RecordCache } from './record-cache';

/** Database engine with a cache of records. Each write evicts the records that it changes from the cache. */
export class CachingEngine implements Engine {
  readonly cache: RecordCache;
  readonly #engine: Engine;

  private constructor(engine: Engine, cache: RecordCache) {
    this.#engine = engine;
    this.cache = cache;
  }

  /** Creates an engine that adds a record cache to an open engine. */
  static async open(
    engine: Engine,
    settings: CacheSettings,
    now: () => number,
    diagnostics: Diagnostics,
  ): Promise<CachingEngine> {
    if (engine.dataVersion !== undefined) {
      const watch = new CommitWatch(engine.dataVersion.bind(engine));
      return new CachingEngine(engine, new RecordCache(settings, now, watch, diagnostics));
    }
    const poll = new ChangePoll(engine.createExecutor());
    const cache = new RecordCache(settings, now, poll, diagnostics);
    await poll.open(cache);
    return new CachingEngine(engine, cache);
  }

  createExecutor(observe?: StatementObserver): Executor {
    const executor = this.#engine.createExecutor(observe);
    return {
      ...executor,
      withTransaction: async (work, beforeCommit) => {
        const ends: ((isCommitted: boolean) => void)[] = [];
        let isCommitted = false;
        try {
          const result = await executor.withTransaction(work, (changes) => {
            beforeCommit?.(changes);
            ends.push(this.cache.invalidate(changes));
          });
          isCommitted = true;
          return result;
        } finally {
          for (const end of ends) end(isCommitted);
        }
      },
    };
  }

  preferReplicas(primary: Executor, observe?: StatementObserver): Executor {
    return this.#engine.preferReplicas?.(primary, observe) ?? primary;
  }

  async begin(request: TransactionRequest): Promise<EngineTransaction> {
    return new CachingTransaction(await this.#engine.begin(request), this.cache);
  }

  async migrate(): Promise<string[]> {
    try {
      return await this.#engine.migrate();
    } finally {
      this.cache.clear();
    }
  }

  checkIntegrity(findings: FindingSink): Promise<void> {
    return this.#engine.checkIntegrity(findings);
  }

  backUp(request: BackupRequest): Promise<void> {
    return this.#engine.backUp(request);
  }

  checkpoint(): Promise<boolean> {
    return this.#engine.checkpoint();
  }

  optimize(): Promise<boolean> {
    return this.#engine.optimize();
  }

  get logBytes(): (() => number) | undefined {
    return this.#engine.logBytes;
  }

  async close(): Promise<void> {
    await this.cache.close();
    await this.#engine.close();
  }

  get native(): NativeAccess {
    return this.#engine.native;
  }

  get healthProbe(): HealthProbe {
    return this.#engine.healthProbe;
  }

  async terminate(): Promise<void> {
    // Terminates the engine before the cache: closing the cache waits for its poll, which may be waiting for the
    // engine.
    await this.#engine.terminate();
    await this.cache.close();
  }
}

/** Transaction that reports its changes to the record cache when it commits. */
class CachingTransaction implements EngineTransaction {
  readonly #transaction: EngineTransaction;
  readonly #cache: RecordCache;
  readonly #changes: ChangeEntry[] = [];

  constructor(transaction: EngineTransaction, cache: RecordCache) {
    this.#transaction = transaction;
    this.#cache = cache;
  }

  get native(): NativeAccess {
    return this.#transaction.native;
  }

  get waiters(): TransactionWaiters {
    return this.#transaction.waiters;
  }

  get hold(): ConnectionHold | undefined {
    return this.#transaction.hold;
  }

  createExecutor(observe?: StatementObserver): Executor {
    const executor = this.#transaction.createExecutor(observe);
    return {
      ...executor,
      withTransaction: (work, beforeCommit) =>
        executor.withTransaction(work, (changes) => {
          beforeCommit?.(changes);
          this.#changes.push(...changes);
        }),
    };
  }

  async commit(): Promise<void> {
    const end = this.#cache.invalidate(this.#changes);
    let isCommitted = false;
    try {
      await this.#transaction.commit();
      isCommitted = true;
    } finally {
      end(isCommitted);
    }
  }

  rollback(): Promise<void> {
    return this.#transaction.rollback();
  }
}
