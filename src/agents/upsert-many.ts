import { Failure, maxLockAttempts, protectedRow } from '../errors/failure';
import { isRefusal, writeInBatches, type Refusal } from '../runtime/batches';
import type { Executor } from '../storage/executor';
import type { Transaction } from '../storage/transaction';
import { insertBatch } from './batch-commands';
import type { UpsertResult } from './batch-types';
import { lengthOf } from './create-many';
import { otherId, severalMatches } from './failures';
import { lockAllForUpdate, lockOf } from './load-many-for-update';
import type { AgentChange } from './new-row';
import type { UpsertManyRules } from './options';
import { toAgentRecord } from './rows';
import { agentStatements } from './statements';
import type { AgentRecord } from './types';
import { changeAgents, dividedAtRepetitions } from './update-many';
import { differenceOf, parseUpsert, type UpsertEntry } from './upsert-entry';
import { lockAllNamed } from './upsert-locks';
import type { AgentDefaults } from './validation';

/**
 * Registers or updates agents, one after the other, in one transaction.
 *
 * @returns the id and the outcome of each agent, in input order.
 * @throws the failure of the first refused agent
 */
export function upsertAgents(
  executor: Executor,
  inputs: readonly unknown[],
  defaults: AgentDefaults,
  rules: UpsertManyRules,
): Promise<UpsertResult[]> {
  const { by } = rules;
  const keyOf = ({ row }: UpsertEntry): string => (by === 'id' ? row.columns.id : row.nameKeys.ownerKey);
  let lockedNames: ReadonlySet<string> = new Set();
  const results = writeInBatches<UpsertEntry, UpsertResult>(executor, inputs, rules, {
    parameter: 'agents',
    operation: 'agents.upsertMany',
    parse: (input) => parseUpsert(input, by, defaults),
    lengthOf: ({ row }) => lengthOf(row),
    prepare: async (tx, all) => {
      const rows = all.flatMap((entry) => (isRefusal(entry) ? [] : entry.row));
      if (by !== 'id') lockedNames = await lockAllNamed(tx, rows);
      else
        await lockAllForUpdate(
          tx,
          rows.map(({ columns }) => columns.id),
          defaults.checks.scopeOwner,
        );
    },
    write: async (tx, batch) => {
      const outcomes: (UpsertResult | Refusal)[] = [];
      for (const part of dividedAtRepetitions(batch, keyOf)) {
        const entries = part.filter((entry) => 'row' in entry);
        const found = await new Upsert(tx, defaults, rules, lockedNames).run(entries);
        outcomes.push(...part.map((entry) => (isRefusal(entry) ? entry : (found.get(entry) ?? noOutcome()))));
      }
      return outcomes;
    },
  });
  // The cast is safe: without `onError`, a refused agent makes the call fail.
  return results as Promise<UpsertResult[]>;
}

/**
 * Registers or updates the agents of one batch. Each agent must have a different id, or a different owner, name and
 * version, depending on the option `by`.
 */
class Upsert {
  readonly #tx: Transaction;
  readonly #defaults: AgentDefaults;
  readonly #rules: UpsertManyRules;
  /** `ownerKey` of each agent whose name the transaction has already locked. */
  readonly #lockedNames: ReadonlySet<string>;
  readonly #outcomes = new Map<UpsertEntry, UpsertResult | Refusal>();
  readonly #taken = new Set<UpsertEntry>();

  constructor(tx: Transaction, defaults: AgentDefaults, rules: UpsertManyRules, lockedNames: ReadonlySet<string>) {
    this.#tx = tx;
    this.#defaults = defaults;
    this.#rules = rules;
    this.#lockedNames = lockedNames;
  }

  /** Registers or updates the agents of `entries`. Returns the outcome of each agent. */
  async run(entries: readonly UpsertEntry[]): Promise<ReadonlyMap<UpsertEntry, UpsertResult | Refusal>> {
    // Tries again when another transaction has registered, renamed or deleted an agent meanwhile. Limits the number of
    // attempts: a row security policy may let the database role see an agent but not lock it.
    let rest = entries;
    for (let tries = 0; rest.length > 0; tries += 1) {
      if (tries === maxLockAttempts) throw protectedRow();
      rest = await this.#attempt(rest);
    }
    return this.#outcomes;
  }

  /** Makes one attempt to register or update agents. Returns the agents for which the attempt must be repeated. */
  async #attempt(entries: readonly UpsertEntry[]): Promise<UpsertEntry[]> {
    const ids =
      this.#rules.by === 'id' ? new Map(entries.map((e) => [e, e.row.columns.id])) : await this.#findIds(entries);
    const { records, lockedIds } = await this.#load([...new Set(ids.values())]);
    const again: UpsertEntry[] = [];
    let creations: UpsertEntry[] = [];
    let changes = new Map<UpsertEntry, AgentChange>();
    let hasRenamed = false;
    for (const entry of entries) {
      if (this.#outcomes.has(entry)) continue;
      const id = ids.get(entry);
      const record = records.get(id ?? '');
      if (record === undefined) {
        if (id !== undefined && this.#rules.by !== 'id') {
          again.push(entry);
          continue;
        }
        // Writes the earlier changes first, because one of them may release the name that this agent needs.
        if (hasRenamed) {
          again.push(...(await this.#write(creations, changes)));
          creations = [];
          changes = new Map();
          hasRenamed = false;
        }
        creations.push(entry);
      } else if (!this.#isCurrent(entry, record, lockedIds)) again.push(entry);
      else {
        const change = differenceOf(entry, record, this.#defaults.nowMs);
        if (change === undefined) this.#outcomes.set(entry, { id: record.id, outcome: 'unchanged' });
        else {
          changes.set(entry, change);
          const { name, version, owner } = change.columns;
          hasRenamed ||= name !== undefined || version !== undefined || owner !== undefined;
        }
      }
    }
    again.push(...(await this.#write(creations, changes)));
    return again;
  }

  /** Reports whether the stored agent is locked, and still has the id or name by which `upsertMany` has found it. */
  #isCurrent({ row: { columns } }: UpsertEntry, record: AgentRecord, lockedIds: ReadonlySet<unknown>): boolean {
    if (!lockedIds.has(record.id)) return false;
    const { name, version, owner } = record;
    return this.#rules.by === 'id' || (name === columns.name && version === columns.version && owner === columns.owner);
  }

  /**
   * Returns the ids of the stored agents with the same owner, name and version. Prevents other transactions from
   * registering such an agent. Refuses an agent that matches several stored agents, or a stored agent with another id.
   */
  async #findIds(entries: readonly UpsertEntry[]): Promise<ReadonlyMap<UpsertEntry, string>> {
    const { names } = agentStatements(this.#tx.dialect);
    const ids = new Map<UpsertEntry, string>();
    const find = async (some: readonly UpsertEntry[]): Promise<UpsertEntry[]> => {
      const missing: UpsertEntry[] = [];
      const rows = await this.#tx.query(names.selectNamed(some.map(({ row }) => row.columns)));
      for (const [position, least, greatest] of rows) {
        const entry = some[Number(position)];
        if (entry === undefined) continue;
        const hasOtherId = entry.given.has('id') && entry.row.columns.id !== least;
        if (least === null) missing.push(entry);
        else if (least !== greatest) this.#refuse(entry, severalMatches());
        else if (hasOtherId) this.#refuse(entry, otherId());
        else if (typeof least === 'string') ids.set(entry, least);
      }
      return missing;
    };
    const missing = (await find(entries)).filter(({ row }) => !this.#lockedNames.has(row.nameKeys.ownerKey));
    if (missing.length === 0) return ids;
    const locked = missing.map(({ row }) => ({ id: row.columns.id, nameKeys: row.nameKeys }));
    const locks = names.lock(locked, 'owner-name-version');
    if (locks.length === 0) return ids;
    this.#tx.executeAtCommit(locks);
    await find(missing);
    return ids;
  }

  /** Loads agents, and blocks other changes of these agents. Returns the records, and the ids of the locked agents. */
  async #load(ids: readonly string[]) {
    const list = JSON.stringify(ids);
    const { scopeOwner: owner } = this.#defaults.checks;
    const lock = lockOf(this.#tx, list, owner);
    const select = agentStatements(this.#tx.dialect).selectMany({ ids: list }, owner);
    if (ids.length === 0) return { records: new Map<string, AgentRecord>(), lockedIds: new Set<unknown>() };
    const results = await this.#tx.queryAll(lock === undefined ? [select] : [lock, select]);
    const records = new Map((results.at(-1) ?? []).map((row) => [String(row[0]), toAgentRecord(row)]));
    const lockedIds =
      lock === undefined ? new Set<unknown>(records.keys()) : new Set((results[0] ?? []).map(([id]) => id));
    return { records, lockedIds };
  }

  /** Writes new and changed agents. Returns the new agents that another transaction has registered meanwhile. */
  async #write(
    creations: readonly UpsertEntry[],
    changes: ReadonlyMap<UpsertEntry, AgentChange>,
  ): Promise<UpsertEntry[]> {
    const created = await insertBatch(
      this.#tx,
      creations.map(({ row }) => row),
      this.#defaults,
    );
    const again = creations.filter((entry, index) => {
      const outcome = created[index];
      if (outcome === undefined) return false;
      if (!isRefusal(outcome)) this.#outcomes.set(entry, { id: outcome.id, outcome: 'created' });
      else if (this.#mayHaveBeenRegistered(entry, outcome.failure)) return true;
      else this.#refuse(entry, outcome.failure);
      return false;
    });
    if (changes.size === 0) return again;
    const changed = await changeAgents(this.#tx, [...changes.values()], this.#rules);
    for (const [index, [entry, { id }]] of [...changes].entries()) {
      const outcome = changed[index];
      if (outcome === undefined || !isRefusal(outcome)) this.#outcomes.set(entry, { id, outcome: 'updated' });
      else this.#refuse(entry, outcome.failure);
    }
    return again;
  }

  /**
   * Reports whether another transaction may have registered the agent meanwhile. The next attempt finds such an agent,
   * unless it belongs to another owner than `scopeOwner`.
   */
  #mayHaveBeenRegistered(entry: UpsertEntry, { code, field }: Failure): boolean {
    if (this.#rules.by !== 'id' || code !== 'ALREADY_EXISTS' || field !== 'id') return false;
    const isKnown = this.#taken.has(entry);
    this.#taken.add(entry);
    return this.#defaults.checks.scopeOwner === undefined || !isKnown;
  }

  #refuse(entry: UpsertEntry, failure: Failure): void {
    this.#outcomes.set(entry, { id: entry.row.columns.id, failure });
  }
}

function noOutcome(): never {
  throw new Failure('INTERNAL', 'an agent of the batch has no outcome');
}
