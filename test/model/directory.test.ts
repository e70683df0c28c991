import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { DatabaseService, type AgentInput } from '../../src';
import { certificateInput } from '../support/factories';
import { rawCounts } from '../support/raw-reader';
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
const runs = Number(process.env['MODEL_RUNS'] ?? 200);
const maxCommands = Number(process.env['MODEL_COMMANDS'] ?? 60);
const { MODEL_SEED: seed, MODEL_PATH: path } = process.env;
const repeat = { ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) };

const startMs = 1_800_000_000_000;
let directory = '';
let template = '';

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ans-model-'));
  template = join(directory, 'template.sqlite');
  const db = new DatabaseService({ url: `file:${template}` });
  await db.initialize();
  await db.close();
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

let opened = 0;

async function withDatabase(work: (real: Real, url: string) => Promise<void>): Promise<void> {
  opened += 1;
  const file = join(directory, `run-${opened}.sqlite`);
  copyFileSync(template, file);
  const clock = { nowMs: startMs };
  const options = { url: `file:${file}`, now: () => clock.nowMs, maxResults: limits.maxResults };
  const db = new DatabaseService({ ...options, defaultAgentLifetimeMs: limits.lifetimeMs });
  try {
    await db.initialize();
    await work({ db, clock }, options.url);
  } finally {
    await db.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
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
  expect(rawCounts({ options: { url } })).toEqual({
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
