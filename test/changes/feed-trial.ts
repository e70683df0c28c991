import { setTimeout as sleep } from 'node:timers/promises';
import { isDatabaseError, type AgentInput, type Change, type DatabaseService } from '../../src';
import { agentInput, certificateInput } from '../support/factories';
import { onPostgresql } from '../support/engine';
import { runRaw } from '../support/raw-client';
import { queryRaw } from '../support/raw-reader';
import { waitUntil } from '../support/wait-until';

const certificateId = 'shared';
const writers = 32;

/** Error codes of calls that fail because of a strike or a conflict. */
const expectedCodes = new Set<unknown>(['UNAVAILABLE', 'CONFLICT', 'BUSY', 'TIMEOUT']);

export interface FeedTrial {
  /** Services on one database, which the callers share. */
  readonly services: readonly [DatabaseService, DatabaseService, ...DatabaseService[]];
  /** URL of the database for raw access. */
  readonly url: string;
  readonly durationMs: number;
  /** Maximum duration of a transaction, in milliseconds. */
  readonly longestMs: number;
  /** Disturbs the services. Called repeatedly during the trial. */
  readonly strike?: () => Promise<unknown>;
}

/**
 * Writes with 32 callers while several readers follow the feed. Expects that every reader sees each committed change
 * once and in order, and that the feed has each acknowledged change.
 */
export async function expectCompleteFeed(trial: FeedTrial): Promise<void> {
  const { services, url, durationMs, strike } = trial;
  const [first, second] = services;
  await first.createCertificate(certificateInput({ id: certificateId }));
  await first.createAgent(agentInput({ id: 'hot', certificateId }));
  if (onPostgresql) await slowDownCommits(url);
  const end = performance.now() + durationMs;
  const reading = Promise.all([follow(first), follow(second), follow(second), poll(first)]);
  const striking = (async () => {
    while (strike !== undefined && performance.now() < end) await strike();
  })();
  const acknowledged = (
    await Promise.all(Array.from({ length: writers }, (_, writer) => write(trial, writer, end)))
  ).flat();
  await striking;
  // A connection that was ended by a strike may fail once more.
  await waitUntil(() => attempt(() => first.createCertificate(certificateInput({ id: 'last' }))));
  const [rows = []] = await queryRaw({ options: { url } }, 'SELECT sequence, entity_id FROM changes ORDER BY sequence');
  const stored = rows.map(({ sequence, entity_id: id }) => `${Number(sequence)} ${String(id)}`);
  expect(stored.length).toBeGreaterThan(writers);
  for (const seen of await reading) expect(seen.map(({ sequence, id }) => `${sequence} ${id}`)).toEqual(stored);
  const storedIds = new Set(rows.map(({ entity_id: id }) => id));
  expect(acknowledged.filter((id) => !storedIds.has(id))).toEqual([]);
}

/** Makes some commits slow after their numbers were assigned, so that they overtake each other. */
async function slowDownCommits(url: string): Promise<void> {
  await runRaw(
    url,
    `CREATE FUNCTION slow_down() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep(CASE WHEN random() < 0.3 THEN random() * 0.05 ELSE 0 END); RETURN NULL; END $$;
    CREATE TRIGGER slow_down AFTER INSERT ON changes FOR EACH STATEMENT EXECUTE FUNCTION slow_down()`,
  );
}

/** Writes until `end`. Returns the ids of the agents whose creation was acknowledged. */
async function write({ services, longestMs }: FeedTrial, writer: number, end: number): Promise<string[]> {
  const db = services[writer % services.length] ?? services[0];
  const acknowledged: string[] = [];
  for (let round = 0; performance.now() < end; round += 1) {
    const ids = [0, 1, 2].map((place) => `${writer}.${round}.${place}`);
    const chance = Math.random();
    const isDone = await attempt(async () => {
      if (chance < 0.2) await db.updateAgent({ id: 'hot', name: `Round ${round}` });
      else if (chance < 0.6) await db.createAgent(agentOf(ids[0] ?? ''));
      else await db.transaction((tx) => writeInside(tx, ids, chance > 0.9, Math.random() ** 4 * longestMs));
    });
    if (isDone && chance >= 0.2) acknowledged.push(...(chance < 0.6 ? ids.slice(0, 1) : ids));
  }
  return acknowledged;
}

// Each name is different, because registrations of the same name wait for each other.
function agentOf(id: string): AgentInput {
  return agentInput({ id, name: `Agent ${id}`, certificateId });
}

type Transaction = Parameters<Parameters<DatabaseService['transaction']>[0]>[0];

const rolledBack = new Error('rolled back by the test');

async function writeInside(tx: Transaction, ids: readonly string[], fails: boolean, pauseMs: number): Promise<void> {
  for (const id of ids) {
    await tx.createAgent(agentOf(id));
    // A call that fails is rolled back to a savepoint.
    await attempt(() => tx.createAgent(agentOf(id)), 'ALREADY_EXISTS');
  }
  await sleep(pauseMs);
  if (fails) throw rolledBack;
}

/** Reports whether `work` succeeded. */
async function attempt(work: () => Promise<unknown>, code?: string): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error !== rolledBack && !(isDatabaseError(error) && (error.code === code || expectedCodes.has(error.code)))) {
      throw error;
    }
    return false;
  }
}

/** Follows the feed to the change of the record `last`, and continues after a failure. */
async function follow(db: DatabaseService): Promise<Change[]> {
  const seen: Change[] = [];
  const run = async (): Promise<void> => {
    for await (const change of db.followChanges({ after: seen.at(-1)?.sequence, pollMs: 2 })) {
      seen.push(change);
      if (change.id === 'last') return;
    }
  };
  while (!(await attempt(run)));
  return seen;
}

/** Reads the feed in pages of seven changes, to the change of the record `last`. */
async function poll(db: DatabaseService): Promise<Change[]> {
  const seen: Change[] = [];
  while (seen.at(-1)?.id !== 'last') {
    await attempt(async () => seen.push(...(await db.changes({ after: seen.at(-1)?.sequence, limit: 7 }))));
    await sleep(1);
  }
  return seen;
}
