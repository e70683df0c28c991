import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, type ResolutionQuery } from '../../src';
import { administer, databaseUrl } from '../support/administration';
import { agentInput, certificateInput, createAgent } from '../support/factories';
import { createDatabase, dropDatabase, spoilDatabase } from '../support/postgresql-databases';
import { runRaw } from '../support/raw-client';
import { afterTest, openTestDatabase } from '../support/test-database';
import { testServer } from '../support/test-server';
import { createRole } from '../support/postgresql-role';

/** Names that locales sort and fold each in their own way. */
const names = [
  'a',
  'B',
  'b',
  'A',
  'ä',
  'Ä',
  'z',
  'Z',
  '\u00e9',
  'e\u0301',
  'ß',
  'ẞ',
  'ǅ',
  'ǆ',
  'İstanbul',
  'ıstanbul',
  'istanbul',
  'Σίσυφος',
  'ΣΊΣΥΦΟΣ',
  'ЖУК',
  'жук',
  '10%',
  '100',
  'a_b',
  'aXb',
  'back\\slash',
  "o'clock",
  '"quoted"',
  ' leading',
  'co-op',
  'coop',
  '🦊fox',
  '\uFFFD',
  '\u{10FFFF}',
  '\u212a-Kelvin',
  'k-kelvin',
];

const terms = [
  'a',
  'ä',
  'AB',
  'a_',
  '_',
  '%',
  '0%',
  '\\',
  "'",
  '"',
  'İ',
  'i',
  'ist',
  'σίσ',
  'ΣΊΣ',
  'жу',
  'ЖУК',
  'ß',
  'ẞ',
];
const moreTerms = [
  'ǆ',
  'ǅ',
  'back\\s',
  'k\\s',
  "o'c",
  '"quo',
  '🦊',
  '🦊f',
  '🦊fo',
  'k',
  'coo',
  'o-o',
  'e',
  '\u0301',
  ' ',
  '   ',
];

/** What the contract says, without a database. */
function fold(text: string): string {
  return Array.from(text, (char) => (Array.from(char.toLowerCase()).length === 1 ? char.toLowerCase() : char)).join('');
}

function byCodePoint(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

async function fill(db: DatabaseService): Promise<void> {
  await db.createCertificate(certificateInput({ id: 'c' }));
  const owner = (index: number) => (index % 2 === 0 ? 'even' : 'odd');
  for (const [index, name] of names.entries()) {
    const fields = { id: `agent-${name}`, name, owner: owner(index), capabilities: [...names.slice(index, index + 3)] };
    await db.createAgent(agentInput({ ...fields, certificateId: 'c' }));
  }
}

async function expectAnswers(db: DatabaseService): Promise<void> {
  const found = async (query: ResolutionQuery) => (await db.queryAgents(query)).map(({ name }) => name);
  const sorted = [...names].sort(byCodePoint);
  expect(await found({ orderBy: 'name' })).toEqual(sorted);
  expect(await found({ orderBy: 'name', orderDirection: 'desc' })).toEqual([...sorted].reverse());
  expect(await found({ orderBy: 'id' })).toEqual(sorted);
  for (const term of [...terms, ...moreTerms]) {
    const expected = sorted.filter((name) => fold(name).includes(fold(term)));
    expect([term, await found({ name: term, orderBy: 'name' })]).toEqual([term, expected]);
    const even = expected.filter((name) => names.indexOf(name) % 2 === 0);
    expect([term, await found({ name: term, owner: 'even', orderBy: 'name' })]).toEqual([term, even]);
  }
  for (const name of names) expect(await found({ exactName: name })).toEqual([name]);
  for (const { name, capabilities } of await db.queryAgents({})) {
    const at = names.indexOf(name);
    expect(capabilities).toEqual(names.slice(at, at + 3).sort(byCodePoint));
  }
}

describe('The same answers', () => {
  test.each([
    ['in German by ICU', "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C'"],
    [
      'in English by ICU, numbers by their value',
      "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US-u-kn-true' LOCALE 'C'",
    ],
    ['in Turkish by ICU', "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C'"],
    ['without a locale', "TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'"],
  ])('come from a database that sorts %s', async (_how, options) => {
    const url = await createDatabase(options);
    afterTest(() => dropDatabase(url));
    await using db = new DatabaseService({ url, migrations: 'apply' });
    await db.initialize();
    await fill(db);
    await expectAnswers(db);
  });

  test('come without pg_trgm, which a role may not create, and the logger is warned', async () => {
    const url = await createDatabase("TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'");
    const name = new URL(url).pathname.slice(1);
    const role = `${name}_role`;
    await administer(testServer().url, `CREATE ROLE ${role} LOGIN PASSWORD 'plain'`);
    afterTest(async () => {
      await dropDatabase(url);
      await administer(testServer().url, `DROP ROLE ${role}`);
    });
    // Whoever may create tables, but nothing in the database as a whole.
    await administer(url, `CREATE SCHEMA own AUTHORIZATION ${role}`);
    const own = new URL(databaseUrl(testServer().url, name));
    own.username = role;
    own.password = 'plain';
    own.searchParams.set('schema', 'own');
    const warnings: string[] = [];
    const quiet = (): void => undefined;
    const warn = (_object: object, message: string): void => void warnings.push(message);
    const logger = { debug: quiet, info: quiet, warn, error: quiet };
    await using db = new DatabaseService({ url: own.href, migrations: 'apply', logger });
    await db.initialize();
    expect(warnings).toEqual([expect.stringContaining('trigram')]);
    await fill(db);
    await expectAnswers(db);
  });
});

test('migrations continue with a warning when the role may not use the schema of pg_trgm', async () => {
  const url = await createDatabase("TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'");
  afterTest(() => dropDatabase(url));
  await administer(url, 'CREATE SCHEMA extensions; CREATE EXTENSION pg_trgm SCHEMA extensions');
  const role = await createRole(url, (name) => `CREATE SCHEMA own AUTHORIZATION ${name}`);
  const warnings: string[] = [];
  const quiet = (): void => undefined;
  const warn = (_object: object, message: string): void => void warnings.push(message);
  const logger = { debug: quiet, info: quiet, warn, error: quiet };
  await using db = new DatabaseService({ url: `${role}?schema=own`, migrations: 'apply', logger });
  await db.initialize();
  expect(warnings).toEqual([expect.stringContaining('trigram')]);
  await createAgent(db, { name: 'Needle' });
  expect(await db.agents.query({ name: 'needle' })).toHaveLength(1);
});

test('A session of any time zone and style of dates keeps the times of Prisma Client’s statements', async () => {
  const { options } = await openTestDatabase();
  const url = new URL(options.url);
  url.searchParams.set('options', '-c timezone=America/St_Johns -c datestyle=German,DMY');
  const now = Date.UTC(2027, 0, 2, 3, 4, 5, 6);
  const { db } = await openTestDatabase({ url: url.href.replaceAll('+', '%20'), now: () => now });
  const id = await db.createCertificate(certificateInput());
  await db.updateCertificateStatus(id, 'REVOKED');
  expect(await db.getCertificate(id)).toMatchObject({ status: 'REVOKED', revokedAt: new Date(now) });
  const other = await db.createCertificate(certificateInput());
  await db.transaction((tx) => tx.updateCertificateStatus(other, 'REVOKED'));
  expect(await db.getCertificate(other)).toMatchObject({ revokedAt: new Date(now) });
});

describe('With many rows', () => {
  test('a selective term is looked up in the trigram index, and a metadata filter in that of metadata', async () => {
    const { db, options } = await openTestDatabase();
    // Another test would have to empty it.
    spoilDatabase(options.url);
    await db.createCertificate(certificateInput({ id: 'c' }));
    await runRaw(
      options.url,
      `INSERT INTO agents (id, name, name_folded, public_key, certificate_id, version, created_at, updated_at, expires_at,
          status, owner)
        SELECT 'a' || n, 'Agent ' || md5(n::text), 'agent ' || md5(n::text), 'k', 'c', '1.0.0', now(), now(), now(), 'ACTIVE',
          'o' || n % 100 FROM generate_series(1, 20000) n;
      INSERT INTO agent_metadata (agent_id, key, value) SELECT 'a' || n, 'region' || k, '"r' || n || '"' FROM generate_series(1, 20000) n, generate_series(1, 4) k`,
    );
    // As the server does by itself in time: new rows wait in a list beside the trigram index.
    for (const table of ['agents', 'agent_metadata']) await runRaw(options.url, `VACUUM ANALYZE ${table}`);
    /** Whether the answer to a query, which is one agent, came by way of an index. */
    const comesBy = async (index: string, query: ResolutionQuery): Promise<boolean> => {
      const sql = `SELECT idx_scan::integer AS n FROM pg_stat_user_indexes WHERE indexrelname = '${index}'`;
      const [[before] = []] = await runRaw(options.url, sql);
      expect(await db.queryAgents(query)).toHaveLength(1);
      // A server tells of its scans when the connection ends, at the latest.
      await db.close();
      await db.initialize();
      for (let turn = 0; turn < 50; turn += 1) {
        const [[after] = []] = await runRaw(options.url, sql);
        if (Number(after?.['n']) > Number(before?.['n'])) return true;
        await sleep(20);
      }
      return false;
    };
    expect(await comesBy('idx_agents_name_folded', { name: 'C4CA4238a0b923' })).toBe(true);
    expect(await comesBy('idx_agent_metadata_key', { metadata: { region1: 'r77' } })).toBe(true);
  });
});
