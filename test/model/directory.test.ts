import { copyFileSync } from 'node:fs';
import fc from 'fast-check';
import { DatabaseService, type AgentInput } from '../../src';
import { onPostgresql } from '../support/engine';
import { certificateInput } from '../support/factories';
import { rawCounts } from '../support/raw-reader';
import { sqliteTemplate } from '../support/sqlite-template';
import { newDatabaseUrl, runCleanups, type Cleanup } from '../support/test-database';
import { agentInput } from './agent-arbitraries';
import { createAgentCall, createCertificateCall } from './calls';
import { commandSequences, runAndCompare } from './commands';
import { differenceOf, differs, readAll } from './compare';
import { limits, settingsAt, type Model, type Real } from './machine';
import { emptyDirectory, type Directory } from './prediction';
import { givenCertificates } from './pools';

/*
 * MODEL_RUNS sets the number of sequences, and MODEL_COMMANDS their maximum length. MODEL_SEED and MODEL_PATH repeat a
 * failed run with the values in its message.
 */
// A call takes longer on PostgreSQL.
const runs = Number(process.env['MODEL_RUNS'] ?? (onPostgresql ? 2 : 10));
const maxCommands = Number(process.env['MODEL_COMMANDS'] ?? 60);
const { MODEL_SEED: seed, MODEL_PATH: path } = process.env;
/**
 * Time limit in milliseconds. A failing sequence is shrunk no longer than that, so that it is reported before Jest's
 * time limit.
 */
const timeLimit = 60_000 + runs * 1000;
const repeat = { ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) };

const startMs = 1_800_000_000_000;
/**
 * Calls `work` with an empty database, with or without a cache. The cache has few entries, so that some are evicted.
 */
async function withDatabase(hasCache: boolean, work: (real: Real, url: string) => Promise<void>): Promise<void> {
  const runEnds: Cleanup[] = [];
  const url = await newDatabaseUrl((end) => void runEnds.push(end));
  if (!onPostgresql) copyFileSync(await sqliteTemplate(), url.replace('file:', ''));
  const clock = { nowMs: startMs };
  const cache = hasCache ? { maxEntries: 5, ttlMs: 1500 } : undefined;
  const options = { url, now: () => clock.nowMs, maxResults: limits.maxResults, cache };
  const open = (): DatabaseService => {
    const db = new DatabaseService({ ...options, defaultAgentLifetimeMs: limits.lifetimeMs });
    runEnds.push(() => db.close());
    return db;
  };
  const db = open();
  // On PostgreSQL, a cache learns of the changes of another service only later.
  const other = hasCache && onPostgresql ? db : open();
  try {
    await db.initialize();
    await other.initialize();
    await work({ db, other, clock }, url);
  } finally {
    await runCleanups(runEnds);
  }
}

/** Asserts that the database contains exactly the records of the model. */
async function compareWhole(directory: Directory, db: DatabaseService, url: string): Promise<void> {
  const difference = differenceOf(directory, await readAll(db));
  if (difference !== undefined) differs('what is left', difference, undefined);
  const { certificates, agents, events, feed } = directory;
  expect(await db.events.verify()).toMatchObject({ valid: true });
  const capabilities = [...agents.values()].flatMap((agent) => agent.capabilities);
  const keys = (records: ReadonlyMap<string, { metadata: object }>): number =>
    [...records.values()].reduce((sum, { metadata }) => sum + Object.keys(metadata).length, 0);
  const counts = await rawCounts({ options: { url } });
  expect(counts).toEqual({
    // The model has no rows of the event chain; verify() checks these rows.
    ...counts,
    agents: agents.size,
    endpoints: [...agents.values()].reduce((sum, { endpoints }) => sum + endpoints.length, 0),
    capabilities: new Set(capabilities).size,
    agent_capabilities: capabilities.length,
    agent_metadata: keys(agents),
    certificates: certificates.size,
    certificate_metadata: keys(certificates),
    security_events: events.size,
    security_event_metadata: keys(events),
    changes: feed.flat().length,
  });
}

/** Makes the calls that a sequence begins with. */
async function fill(model: Model, { db, clock }: Real, agents: readonly AgentInput[]): Promise<void> {
  const certificates = givenCertificates.map((id) =>
    certificateInput({ id, fingerprint: id === 'c1' ? 'AA:BB' : 'CC' }),
  );
  const calls = [
    ...certificates.map((input) => createCertificateCall.of(input)),
    ...agents.map((input) => createAgentCall.of(input, {})),
  ];
  for (const call of calls) await runAndCompare(model, db, call, settingsAt(clock));
}

test(
  'random sequences of calls have the results that a model of the contract predicts',
  async () => {
    const agents = fc.array(agentInput, { maxLength: 6 });
    const property = fc.asyncProperty(
      agents,
      commandSequences(maxCommands),
      fc.boolean(),
      (inputs, commands, hasCache) =>
        withDatabase(hasCache, async (real, url) => {
          const model: Model = { directory: emptyDirectory };
          await fill(model, real, inputs);
          await fc.asyncModelRun(() => ({ model, real }), commands);
          await compareWhole(model.directory, real.db, url);
        }),
    );
    await fc.assert(property, {
      numRuns: runs,
      interruptAfterTimeLimit: timeLimit,
      markInterruptAsFailure: true,
      ...repeat,
    });
  },
  timeLimit + 60_000,
);
