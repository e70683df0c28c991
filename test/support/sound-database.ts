import { copyFileSync } from 'node:fs';
import { DatabaseService, type CheckReport } from '../../src';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput, wholeAgent } from './factories';
import { onPostgresql } from './engine';
import { newDatabaseUrl, openTestDatabase, runCleanups, type Cleanup, type TestDatabase } from './test-database';

/** Checks that a report lists as skipped when the extension amcheck is not installed. */
const skipped = onPostgresql ? [/^the structure of indexes/, /^the structure of tables/] : [];

/** The report of `check()` on a database without damage. */
export const soundReport: CheckReport = {
  ok: true,
  findings: [],
  total: 0,
  skipped: skipped.map((reason) => expect.stringMatching(reason) as string),
  warnings: [],
  pendingEntries: 0,
};

/**
 * Fills a database with one of everything that can be damaged: the agents `whole`, `plain` and `only`, the certificates
 * `c1` to `c3`, and more agents and events than `check()` reads at once.
 */
export async function fill({ db }: Pick<TestDatabase, 'db'>): Promise<void> {
  await createCertificate(db, { id: 'c1', subject: 'CN=Ärzte', issuer: 'CN=ÇA', metadata: { a: [1, { b: null }] } });
  await createCertificate(db, { id: 'c2', fingerprint: 'AA:bb:CC' });
  await db.certificates.rotate('c2', certificateInput({ id: 'c3' }));
  await db.certificates.revoke('c2', { reason: 'superseded', agents: 'keep' });
  await db.createAgent(wholeAgent({ id: 'whole', name: 'Ünique "Name" 𝒳', certificateId: 'c1' }));
  await createAgent(db, { id: 'plain', version: 'no semver', certificateId: 'c3', capabilities: ['search'] });
  await db.agents.create(agentInput({ id: 'only', name: 'Only', certificateId: 'c3' }), { unique: 'name-version' });
  const numbers = Array.from({ length: 110 }, (_, index) => index);
  await db.agents.createMany(
    numbers.map((number) =>
      agentInput({
        id: `many-${number}`,
        name: `Many of ${number}`,
        certificateId: 'c3',
        endpoints: [{ protocol: 'https', address: 'https://many.example', port: 443 }],
        metadata: { number, long: 'x'.repeat(number === 7 ? 70_000 : 1) },
      }),
    ),
  );
  await db.events.recordMany(numbers.map((number) => eventInput({ id: `e${number}`, metadata: { number } })));
  await db.events.markMitigated('e3', { applied: true, details: 'Blocked' });
  await db.events.prune({ before: new Date(0) });
}

const ends: Cleanup[] = [];
let filled: Promise<string> | undefined;

afterAll(() => runCleanups(ends));

/** Opens a new database with the records of `fill`. On SQLite, it is a copy of a file that is filled once a test file. */
export async function openFilledDatabase(): Promise<TestDatabase> {
  if (onPostgresql) {
    const database = await openTestDatabase();
    await fill(database);
    return database;
  }
  filled ??= fillFile();
  const url = await newDatabaseUrl();
  copyFileSync(await filled, url.slice('file:'.length));
  return openTestDatabase({ url });
}

async function fillFile(): Promise<string> {
  const url = await newDatabaseUrl((end) => void ends.push(end));
  const db = new DatabaseService({ url });
  await db.initialize();
  await fill({ db });
  await db.close();
  return url.slice('file:'.length);
}
