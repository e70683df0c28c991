import fc from 'fast-check';
import { isDatabaseError, type DatabaseService } from '../../src';
import { generatedId, OneOf, toFeedEntry, type Directory, type Outcome } from './prediction';
import { isSame } from './text';
import { uuidv7 } from '../support/factories';
import { allOf } from '../support/pages';

/** Reports whether the outcome of a call is one of the expected outcomes. */
export function isExpected(expected: readonly Outcome[], actual: Outcome): boolean {
  return expected.some((outcome) => {
    if ('code' in outcome) return 'code' in actual && actual.code === outcome.code;
    return 'result' in actual && isLike(outcome.result, actual.result);
  });
}

/** Reports whether a value equals the expected value, or fits the placeholder in its place. */
function isLike(expected: unknown, actual: unknown): boolean {
  if (expected === generatedId) return typeof actual === 'string' && uuidv7.test(actual);
  if (expected instanceof OneOf) return isDatabaseError(actual) && expected.codes.includes(actual.code);
  if (!hasStandIn(expected)) return isSame(expected, actual);
  if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null) return false;
  const [wanted, found] = [Object.entries(expected), new Map<string, unknown>(Object.entries(actual))];
  return (
    wanted.length === found.size && wanted.every(([key, value]) => found.has(key) && isLike(value, found.get(key)))
  );
}

function hasStandIn(value: unknown): boolean {
  if (value === generatedId || value instanceof OneOf) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasStandIn);
}

/** Throws an error that shows the actual and the expected value. */
export function differs(what: unknown, actual: unknown, expected: unknown): never {
  // When Jest finds a difference, its message shows it.
  expect({ what, actual }).toStrictEqual({ what, actual: expected });
  throw new Error(`Differs: ${fc.stringify([what, actual])}, expected ${fc.stringify(expected)}`);
}

/** All records and feed entries of a database. */
export interface Snapshot {
  readonly agents: readonly unknown[];
  readonly certificates: readonly unknown[];
  readonly events: readonly unknown[];
  readonly feed: readonly string[];
}

export async function readAll(db: DatabaseService): Promise<Snapshot> {
  const changes = await db.changes({ limit: 10_000 });
  return {
    agents: await allOf(db.agents.iterate({ orderBy: 'id' })),
    certificates: await db.certificates.query({ orderBy: 'id', limit: 10_000 }),
    events: await allOf(db.events.iterate()),
    feed: changes.map(({ entity, id, kind, changedAt }) => toFeedEntry(entity, id, kind, changedAt.getTime())),
  };
}

/** Returns the difference between the database and the model; undefined when there is none. */
export function differenceOf({ agents, certificates, events, feed }: Directory, snapshot: Snapshot): unknown {
  if (!isSame(byId(snapshot.agents), byId([...agents.values()]))) {
    return { actual: snapshot.agents, expected: [...agents.values()] };
  }
  if (!isSame(byId(snapshot.certificates), byId([...certificates.values()]))) {
    return { actual: snapshot.certificates, expected: [...certificates.values()] };
  }
  if (!isSame(byId(snapshot.events), byId([...events.values()]))) {
    return { actual: snapshot.events, expected: [...events.values()] };
  }
  return isFeed(feed, snapshot.feed) ? undefined : { actual: snapshot.feed, expected: feed };
}

function byId(records: readonly unknown[]): Record<string, unknown> {
  // Every record has an id. `count` shows when several records have the same id.
  const entries = records.map((record, place) => [(record as { id?: string }).id ?? place, record] as const);
  return { count: records.length, ...Object.fromEntries(entries) };
}

/** Reports whether the feed contains the calls in their order, with the changes of each call in any order. */
function isFeed(calls: readonly (readonly string[])[], feed: readonly string[]): boolean {
  let start = 0;
  for (const changes of calls) {
    const reported = feed.slice(start, start + changes.length);
    if (!isSame([...reported].sort(), [...changes].sort())) return false;
    start += changes.length;
  }
  return start === feed.length;
}

/**
 * Returns the calls, with those from `start` on in the order in which the feed reports them. Calls that change
 * different records may be committed in another order than the order that explains their results. For example,
 * `expireDue` changes the agents that exist when it begins, and other agents may be registered before it commits.
 */
export function inOrderOfFeed(
  calls: readonly (readonly string[])[],
  start: number,
  feed: readonly string[],
): (readonly string[])[] {
  const ordered = calls.slice(0, start);
  const rest = calls.slice(start);
  for (let place = ordered.flat().length; rest.length > 0;) {
    const next = rest.findIndex((changes, index) => {
      const before = new Set(rest.slice(0, index).flat().map(subjectOf));
      const reported = feed.slice(place, place + changes.length);
      return isSame([...reported].sort(), [...changes].sort()) && !changes.some((line) => before.has(subjectOf(line)));
    });
    // When no call fits, the next expected call stays first, and the difference shows it.
    const [changes = []] = rest.splice(Math.max(next, 0), 1);
    ordered.push(changes);
    place += changes.length;
  }
  return ordered;
}

/** Returns the record of a feed entry. */
function subjectOf(entry: string): string {
  return entry.split(' ').slice(0, -2).join(' ');
}
