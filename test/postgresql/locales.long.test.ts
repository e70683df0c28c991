import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseService, ResolutionQuery } from '../../src';
import { administer } from '../support/administration';
import { collectLog } from '../support/collect-log';
import { agentInput, certificateInput, createAgent } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { runRaw } from '../support/raw-client';
import { openTestDatabase, unmigratedDatabaseUrl } from '../support/test-database';
import { createRole } from '../support/postgresql-role';

/** Names that locales order and fold differently. */
const names = [
  ...['a', 'B', 'b', 'A', 'ä', 'Ä', 'z', 'Z', '\u00e9', 'e\u0301', 'ß', 'ẞ', 'ǅ', 'ǆ'],
  ...['İstanbul', 'ıstanbul', 'istanbul', 'Σίσυφος', 'ΣΊΣΥΦΟΣ', 'ЖУК', 'жук'],
  ...['10%', '100', 'a_b', 'aXb', 'back\\slash', "o'clock", '"quoted"', ' leading', 'co-op', 'coop'],
  ...['🦊fox', '\uFFFD', '\u{10FFFF}', '\u212a-Kelvin', 'k-kelvin'],
];

const terms = [
  ...['a', 'ä', 'AB', 'a_', '_', '%', '0%', '\\', "'", '"', 'İ', 'i', 'ist', 'σίσ', 'ΣΊΣ', 'жу', 'ЖУК', 'ß', 'ẞ'],
  ...['ǆ', 'ǅ', 'back\\s', 'k\\s', "o'c", '"quo', '🦊', '🦊f', '🦊fo', 'k', 'coo', 'o-o', 'e', '\u0301', ' ', '   '],
];

/** Folds the case of a text as documented, without the database. */
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

async function expectByCodePoint(db: DatabaseService): Promise<void> {
  const found = async (query: ResolutionQuery) => (await db.queryAgents(query)).map(({ name }) => name);
  const sorted = [...names].sort(byCodePoint);
  expect(await found({ orderBy: 'name' })).toEqual(sorted);
  expect(await found({ orderBy: 'name', orderDirection: 'desc' })).toEqual([...sorted].reverse());
  expect(await found({ orderBy: 'id' })).toEqual(sorted);
  for (const term of terms) {
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

describe('a database', () => {
  test.each([
    ['German of ICU', "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C'"],
    ['numeric English of ICU', "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US-u-kn-true' LOCALE 'C'"],
    ['Turkish of ICU', "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C'"],
    ['C', "TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'"],
  ])('a database with the locale %s is searched and ordered by code point', async (_how, options) => {
    const url = await unmigratedDatabaseUrl(options);
    const { db } = await openTestDatabase({ url, migrations: 'apply' });
    await fill(db);
    await expectByCodePoint(db);
  });

  test('a database is searched by code point when the role may not create pg_trgm, and a warning is logged', async () => {
    const url = await unmigratedDatabaseUrl("TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'");
    const db = await openWithoutTrigrams(url);
    await fill(db);
    await expectByCodePoint(db);
  });

  test('a database can be searched when the role may not use the schema of pg_trgm, and a warning is logged', async () => {
    const url = await unmigratedDatabaseUrl("TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'");
    await administer(url, 'CREATE SCHEMA extensions; CREATE EXTENSION pg_trgm SCHEMA extensions');
    const db = await openWithoutTrigrams(url);
    await createAgent(db, { name: 'Needle' });
    expect(await db.agents.query({ name: 'needle' })).toHaveLength(1);
  });

  /** Opens a database as a role that may create tables in one schema and nothing else. */
  async function openWithoutTrigrams(url: string): Promise<DatabaseService> {
    const role = await createRole(url, (name) => `CREATE SCHEMA own AUTHORIZATION ${name}`);
    const { logger, warnings } = collectLog();
    const { db } = await openTestDatabase({ url: `${role}?schema=own`, migrations: 'apply', logger });
    expect(warnings).toEqual([expect.stringContaining('trigram')]);
    return db;
  }
});

describe('a query of many agents', () => {
  test('queries use the trigram index for a selective name, and the metadata index for a metadata filter', async () => {
    const { db, options } = await openTestDatabase();
    // Removing the rows for the next test would take longer than creating another database.
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
    // Moves new rows from the pending list into the trigram index, as autovacuum does.
    for (const table of ['agents', 'agent_metadata']) await runRaw(options.url, `VACUUM ANALYZE ${table}`);
    /** Reports whether a query, which finds one agent, scans an index. */
    const comesBy = async (index: string, query: ResolutionQuery): Promise<boolean> => {
      const sql = `SELECT idx_scan::integer AS n FROM pg_stat_user_indexes WHERE indexrelname = '${index}'`;
      const [[before] = []] = await runRaw(options.url, sql);
      expect(await db.queryAgents(query)).toHaveLength(1);
      // The server counts the scans of a connection at the latest when the connection ends.
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
