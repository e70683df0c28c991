import { copyFileSync } from 'node:fs';
import fc from 'fast-check';
import { DatabaseService, type AgentInput } from '../../src';
import { onPostgresql } from '../support/engine';
import { certificateInput } from '../support/factories';
import { rawCounts } from '../support/raw-reader';
import { newDatabaseUrl, runCleanups, type Cleanup } from '../support/test-database';
import { agentInput } from './arbitraries';
import { commandSequences, limits, runAndCompare, settingsAt, type Model, type Real } from './commands';
import type { Operation } from './model';
import { emptyDirectory, type Directory } from './prediction';
import { givenCertificates } from './pools';
import { isSame } from './text';

/*
 * MODEL_RUNS sets how many sequences are tried, MODEL_COMMANDS how long they may be; MODEL_SEED and MODEL_PATH repeat a
 * run that failed, as its message says.
 */
// A call takes longer on PostgreSQL.
const runs = Number(process.env['MODEL_RUNS'] ?? (onPostgresql ? 60 : 200));
const maxCommands = Number(process.env['MODEL_COMMANDS'] ?? 60);
const { MODEL_SEED: seed, MODEL_PATH: path } = process.env;
const repeat = { ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) };

const startMs = 1_800_000_000_000;
/** A SQLite database of the package's schema, to copy. */
let template: string | undefined;
const ends: Cleanup[] = [];

beforeAll(async () => {
  if (onPostgresql) return;
  const url = await newDatabaseUrl((end) => void ends.push(end));
  const db = new DatabaseService({ url });
  await db.initialize();
  await db.close();
  template = url.replace('file:', '');
});

afterAll(() => runCleanups(ends));

async function withDatabase(work: (real: Real, url: string) => Promise<void>): Promise<void> {
  const runEnds: Cleanup[] = [];
  const url = await newDatabaseUrl((end) => void runEnds.push(end));
  if (template !== undefined) copyFileSync(template, url.replace('file:', ''));
  const clock = { nowMs: startMs };
  const options = { url, now: () => clock.nowMs, maxResults: limits.maxResults };
  const db = new DatabaseService({ ...options, defaultAgentLifetimeMs: limits.lifetimeMs });
  runEnds.push(() => db.close());
  try {
    await db.initialize();
    await work({ db, clock }, url);
  } finally {
    await runCleanups(runEnds);
  }
}

/** Compares all that is stored, and that there is nothing else. */
async function compareWhole({ certificates, agents, events }: Directory, db: DatabaseService, url: string) {
  for (const [id, certificate] of certificates) expectSame(await db.getCertificate(id), certificate);
  for (const [id, agent] of agents) expectSame(await db.getAgent(id), agent);
  for (const [id, event] of events) expectSame(await db.querySecurityEvents({ ids: [id] }), [event]);
  const capabilities = [...agents.values()].flatMap((agent) => agent.capabilities);
  const keys = (records: ReadonlyMap<string, { metadata: object }>): number =>
    [...records.values()].reduce((sum, { metadata }) => sum + Object.keys(metadata).length, 0);
  expect(await rawCounts({ options: { url } })).toEqual({
    agents: agents.size,
    endpoints: [...agents.values()].reduce((sum, { endpoints }) => sum + endpoints.length, 0),
    capabilities: new Set(capabilities).size,
    agent_capabilities: capabilities.length,
    agent_metadata: keys(agents),
    certificates: certificates.size,
    certificate_metadata: keys(certificates),
    security_events: events.size,
    security_event_metadata: keys(events),
  });
}

function expectSame(actual: unknown, expected: unknown): void {
  if (!isSame(actual, expected)) expect(actual).toStrictEqual(expected);
  expect(isSame(actual, expected)).toBe(true);
}

/** Makes the calls that a sequence begins with. */
async function fill(model: Model, { db, clock }: Real, agents: readonly AgentInput[]): Promise<void> {
  const certificates = givenCertificates.map((id) =>
    certificateInput({ id, fingerprint: id === 'c1' ? 'AA:BB' : 'CC' }),
  );
  const calls: Operation[] = [
    ...certificates.map((input) => ({ kind: 'createCertificate' as const, input })),
    ...agents.map((input) => ({ kind: 'createAgent' as const, input })),
  ];
  for (const call of calls) await runAndCompare(model, db, call, settingsAt(clock));
}

test(
  'every sequence of calls answers and leaves what the contract says',
  async () => {
    const agents = fc.array(agentInput, { maxLength: 6 });
    const property = fc.asyncProperty(agents, commandSequences(maxCommands), (inputs, commands) =>
      withDatabase(async (real, url) => {
        const model: Model = { directory: emptyDirectory };
        await fill(model, real, inputs);
        await fc.asyncModelRun(() => ({ model, real }), commands);
        await compareWhole(model.directory, real.db, url);
      }),
    );
    await fc.assert(property, { numRuns: runs, ...repeat });
  },
  60_000 + runs * 1000,
);
