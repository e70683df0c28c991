import { shouldYield, yieldToEventLoop } from '../../../runtime/event-loop';
import { walk } from '../../../runtime/walk';
import { sql } from '../../../sql/sql';
import type { FindingSink } from '../../../storage/findings';
import { checkSqlitePart } from './check-part';
import { trigramsOf } from '../dialect';
import type { SqliteSnapshot } from '../snapshot';

const triggers = ['agent_names_insert', 'agent_names_update', 'agent_names_delete'];

/** Checks that the search index contains the present name of every agent, and nothing else. */
export function checkSearchIndex(snapshot: SqliteSnapshot, findings: FindingSink): Promise<void> {
  return checkSqlitePart('the search index', findings, async () => {
    checkTriggers(snapshot, findings);
    await checkIndexedNames(snapshot, findings);
    await checkUnknownEntries(snapshot, findings);
    if (await isTrueToNames(snapshot)) return;
    if (await checkTrigrams(snapshot, findings)) return;
    findings.add({ check: 'search-index', message: 'the search index contains parts of names that no agent has' });
  });
}

function checkTriggers({ connection: { driver } }: SqliteSnapshot, findings: FindingSink): void {
  const select = driver.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name = ?");
  for (const name of triggers) {
    if (select.get(name) === undefined) findings.add({ check: 'schema', message: `the trigger ${name} is missing` });
  }
}

function checkIndexedNames(snapshot: SqliteSnapshot, findings: FindingSink): Promise<void> {
  const from = sql`agents a LEFT JOIN agent_names n ON n.agent_id = a.id`;
  return walk(snapshot, { columns: [sql`a.id`, sql`n.name_folded IS a.name_folded`], from, key: ['a.id'] }, (row) => {
    if (row[1] !== 1) addFinding(findings, row[0], 'is indexed under another name, or not at all');
  });
}

function checkUnknownEntries(snapshot: SqliteSnapshot, findings: FindingSink): Promise<void> {
  const isStranger = sql`NOT EXISTS (SELECT 1 FROM agents a WHERE a.id = n.agent_id)`;
  const columns = [sql`n.key`, sql`n.agent_id`, isStranger];
  return walk(snapshot, { columns, from: sql`agent_names n`, key: ['n.key'] }, ([, id, stranger]) => {
    if (stranger !== 0) addFinding(findings, id, 'is indexed but does not exist');
  });
}

/**
 * Reports whether the search index contains exactly the trigrams of all names. Compares a digest of the indexed
 * trigrams with a digest of the expected trigrams. The order of the trigrams does not matter.
 */
async function isTrueToNames({ connection: { driver } }: SqliteSnapshot): Promise<boolean> {
  // Reads the index through fts5vocab, because FTS5's own integrity check holds the write lock while it runs.
  driver.exec(
    "CREATE VIRTUAL TABLE temp.agent_names_trigrams USING fts5vocab (main, 'agent_names_search', 'instance')",
  );
  const indexed = new Sum();
  const selectIndexed = driver.prepare<[string, number]>('SELECT term, doc FROM temp.agent_names_trigrams');
  for (const [trigram, key] of selectIndexed.raw().iterate()) {
    indexed.add(trigram, key);
    if (shouldYield()) await yieldToEventLoop();
  }
  const expected = new Sum();
  const selectNames = driver.prepare<[string, number]>('SELECT name_folded, key FROM agent_names');
  for (const [name, key] of selectNames.raw().iterate()) {
    for (const trigram of trigramsOf(asIndexed(name))) expected.add(trigram, key);
    if (shouldYield()) await yieldToEventLoop();
  }
  return indexed.equals(expected);
}

/** Returns a name as FTS5 indexes it: with U+FFFD in place of U+FFFE and U+FFFF. */
function asIndexed(name: string): string {
  return name.replace(/[\uFFFE\uFFFF]/g, '\uFFFD');
}

/**
 * Adds a finding for each agent whose name has a trigram that the index lacks. Returns true when there is such an
 * agent. Slow, because it looks up every trigram of every name.
 */
async function checkTrigrams(snapshot: SqliteSnapshot, findings: FindingSink): Promise<boolean> {
  const find = snapshot.connection.driver
    .prepare('SELECT 1 FROM agent_names_search s WHERE s.agent_names_search MATCH ? AND s.rowid = ?')
    .pluck();
  let isMissing = false;
  const columns = [sql`n.key`, sql`n.agent_id`, sql`n.name_folded`];
  await walk(snapshot, { columns, from: sql`agent_names n`, key: ['n.key'] }, (row) => {
    // The cast is safe, because constraints of the table ensure these types.
    const [key, id, name] = row as readonly [number, string, string];
    const isFound = trigramsOf(name).every((trigram) => find.get(`"${trigram.replaceAll('"', '""')}"`, key) === 1);
    if (isFound) return;
    isMissing = true;
    addFinding(findings, id, 'is not indexed under every part of its name');
  });
  return isMissing;
}

/** Adds a finding about an agent. Omits the id if it is not a string. */
function addFinding(findings: FindingSink, id: unknown, message: string): void {
  findings.add({
    check: 'search-index',
    entity: 'agent',
    ...(typeof id === 'string' ? { id } : undefined),
    message,
  });
}

/** Digest of a set of pairs of a trigram and a key. It does not depend on the order of the pairs. */
class Sum {
  #count = 0;
  #sum = 0;

  add(trigram: string, key: number): void {
    let hash = 0x811c9dc5;
    for (let index = 0; index < trigram.length; index += 1) hash = mix(hash ^ trigram.charCodeAt(index));
    this.#count += 1;
    this.#sum = (this.#sum + mix(mix(hash ^ (key % 2 ** 32)) ^ Math.floor(key / 2 ** 32))) | 0;
  }

  equals(other: Sum): boolean {
    return this.#count === other.#count && this.#sum === other.#sum;
  }
}

// Mixes the bits of a hash with the finalizer of MurmurHash3: every bit of the result depends on every bit of `value`.
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
