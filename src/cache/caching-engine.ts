import type { BackupRequest } from '../options/parse-backup';
import type { Findings } from '../integrity/findings';
import type {
  Engine,
  EngineTransaction,
  Executor,
  StatementObserver,
  TransactionRequest,
  TransactionWaiters,
  HealthProbe,
} from '../storage/executor';
import type { ConnectionHold } from '../runtime/transaction-context';
import type { Diagnostics } from '../diagnostics/diagnostics';
import type { CacheSettings } from '../options/resolve-options';
import type { ChangeEntry, Work } from '../sql/statement';
import { ChangePoll } from './change-poll';
import { CommitWatch } from './commit-watch';
import { RecordCache } from './record-cache';

/** Database with a cache. The cache learns of every commit from the change entries of all writes. */
export class CachingEngine implements Engine {
  readonly cache: RecordCache;
  readonly #database: Engine;

  private constructor(database: Engine, cache: RecordCache) {
    this.#database = database;
    this.cache = cache;
  }

  /** Opens a cache beside a database that is open. */
  static async open(
    database: Engine,
    settings: CacheSettings,
    now: () => number,
    diagnostics: Diagnostics,
  ): Promise<CachingEngine> {
    if (database.dataVersion !== undefined) {
      const watch = new CommitWatch(database.dataVersion.bind(database));
      return new CachingEngine(database, new RecordCache(settings, now, watch, diagnostics));
    }
    const poll = new ChangePoll(database.createExecutor());
    const cache = new RecordCache(settings, now, poll, diagnostics);
    await poll.open(cache);
    return new CachingEngine(database, cache);
  }

  createExecutor(observe?: StatementObserver): Executor {
    const executor = this.#database.createExecutor(observe);
    return withWrites(executor, async (work) => {
      const ends: ((isCommitted: boolean) => void)[] = [];
      let isCommitted = false;
      try {
        const result = await work(withNotes(executor, (notes) => ends.push(this.cache.hold(notes))));
        isCommitted = true;
        return result;
      } finally {
        for (const end of ends) end(isCommitted);
      }
    });
  }

  preferReplicas(primary: Executor, observe?: StatementObserver): Executor {
    return this.#database.preferReplicas?.(primary, observe) ?? primary;
  }

  async begin(request: TransactionRequest): Promise<EngineTransaction> {
    return new CachingTransaction(await this.#database.begin(request), this.cache);
  }

  async migrate(): Promise<string[]> {
    try {
      return await this.#database.migrate();
    } finally {
      this.cache.clear();
    }
  }

  checkIntegrity(findings: Findings): Promise<void> {
    return this.#database.checkIntegrity(findings);
  }

  backUp(request: BackupRequest): Promise<void> {
    return this.#database.backUp(request);
  }

  async close(): Promise<void> {
    await this.cache.close();
    await this.#database.close();
  }

  get healthProbe(): HealthProbe {
    return this.#database.healthProbe;
  }

  async terminate(): Promise<void> {
    // The cache may be waiting for an answer.
    await this.#database.terminate();
    await this.cache.close();
  }
}

/** Reports its writes to the cache when it commits. */
class CachingTransaction implements EngineTransaction {
  readonly #transaction: EngineTransaction;
  readonly #cache: RecordCache;
  readonly #notes: ChangeEntry[] = [];

  constructor(transaction: EngineTransaction, cache: RecordCache) {
    this.#transaction = transaction;
    this.#cache = cache;
  }

  get waiters(): TransactionWaiters {
    return this.#transaction.waiters;
  }

  get hold(): ConnectionHold | undefined {
    return this.#transaction.hold;
  }

  createExecutor(observe?: StatementObserver): Executor {
    const executor = this.#transaction.createExecutor(observe);
    return withWrites(executor, async (work) => {
      const notes: ChangeEntry[] = [];
      const result = await work(withNotes(executor, (taken) => notes.push(...taken)));
      // A failed call writes nothing, and the transaction may continue.
      this.#notes.push(...notes);
      return result;
    });
  }

  async commit(): Promise<void> {
    const end = this.#cache.hold(this.#notes);
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

/** An executor each of whose writes is one that `write` does, on an executor of its own. */
function withWrites(executor: Executor, write: <T>(work: (executor: Executor) => Promise<T>) => Promise<T>): Executor {
  return {
    ...executor,
    atomic: (work) => write((own) => own.atomic(work)),
    prisma: (work) => write((own) => own.prisma(work)),
  };
}

/** An executor that gives the notes of each of its writes to `take`, when the write is done and not committed yet. */
function withNotes(executor: Executor, take: (notes: readonly ChangeEntry[]) => void): Executor {
  return {
    ...executor,
    atomic: (work) => executor.atomic(() => collectNotes(work(), take)),
    prisma: (work) =>
      executor.prisma(async (client, note) => {
        const notes: ChangeEntry[] = [];
        const result = await work(client, (noted) => {
          notes.push(noted);
          note(noted);
        });
        take(notes);
        return result;
      }),
  };
}

function* collectNotes<T>(work: Work<T>, take: (notes: readonly ChangeEntry[]) => void): Work<T> {
  const notes: ChangeEntry[] = [];
  let step = work.next();
  while (step.done !== true) {
    if ('entity' in step.value) notes.push(step.value);
    step = work.next(yield step.value);
  }
  take(notes);
  return step.value;
}
