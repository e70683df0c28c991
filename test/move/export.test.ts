import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseService } from '../../src';
import { agentInput, certificateInput, createAgent, eventInput } from '../support/factories';
import { onPostgresql } from '../support/engine';
import { allRawRows, rawCounts } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { runRaw } from '../support/raw-client';
import { scratch } from '../support/scratch';
import { testOn } from '../support/skip';
import { openFilledDatabase } from '../support/sound-database';
import { newDatabaseUrl, openTestDatabase, runCleanups, temporaryDirectory } from '../support/test-database';
import type { Cleanup, TestDatabase } from '../support/test-database';
import { exportText, importText } from './exporting';

const oddText = ' \t"\\u0000\' \u2028\u2029\u200f\u0001 \ufffd \uffee 👩‍👩‍👧 İß e\u0301';

function newSqliteUrl(): string {
  return `file:${join(temporaryDirectory(), 'other.sqlite')}`;
}

/** Opens a database with everything that an export can contain, and references in both directions. */
async function openSource(): Promise<TestDatabase> {
  const source = await openFilledDatabase();
  const { db } = source;
  await createAgent(db, {
    id: oddText,
    name: oddText,
    owner: oddText,
    metadata: { [oddText]: [oddText, 1e300, -1.5] },
  });
  await db.events.record(
    eventInput({ id: oddText, description: oddText, timestamp: new Date('0001-01-01T00:00:00Z') }),
  );
  await db.deleteAgent('plain');
  await changeRaw(
    source,
    `UPDATE certificates SET replaced_by = 'c3' WHERE id = 'c1';
    UPDATE certificates SET replaced_by = 'c1' WHERE id = 'c3';
    UPDATE agents SET status = 'DEPRECATED', deprecated_at = updated_at, successor_id = 'many-0' WHERE id = 'whole';
    UPDATE agents SET status = 'DEPRECATED', deprecated_at = updated_at, successor_id = 'whole' WHERE id = 'many-0'`,
  );
  await db.close();
  return source;
}

/** Returns the rows that an export contains. */
async function rowsOf(url: string): Promise<object> {
  const { security_event_pending_entries: pending, ...rows } = await allRawRows({ options: { url } });
  expect(pending).toEqual([]);
  return rows;
}

/** Returns an export with other lines, and with a last line that fits them. */
function withLines(text: string, change: (lines: string[]) => string[]): string {
  const [end = '', ...reversed] = text.trimEnd().split('\n').reverse();
  const lines = change(reversed.reverse()).map((line) => `${line}\n`);
  const trailer = JSON.parse(end) as { rows: Record<string, number> };
  for (const name of Object.keys(trailer.rows)) {
    trailer.rows[name] = lines.filter((line) => line.startsWith(`["${name}",`)).length;
  }
  const sha256 = createHash('sha256').update(lines.join('')).digest('hex');
  return `${lines.join('')}${JSON.stringify({ ...trailer, sha256 })}\n`;
}

describe('An export', () => {
  testOn('postgresql', 'an export fails as incomplete when the server ends the connection', async () => {
    const { url } = (await openSource()).options;
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    await expect(exportText(url, () => runRaw(url, end))).rejects.toThrow(/; the export is not complete( \(57P01\))?$/);
  });

  test('an export has the same bytes after it was imported and exported again, also across the engines', async () => {
    const source = await openSource();
    const { url } = source.options;
    const text = await exportText(url);
    expect(await exportText(url)).toBe(text);
    const before = await rowsOf(url);
    // A hash of rows that were never inserted, and a number of the change feed that no row has.
    expect(text).toMatch(/^\["agents",.*"only"/m);
    let previous = text;
    for (const target of [newSqliteUrl(), await newDatabaseUrl(), newSqliteUrl()]) {
      expect(await importText(previous, target)).toMatchObject({ isSame: true, skipped: [] });
      expect(await rowsOf(target)).toEqual(before);
      previous = await exportText(target);
      expect(previous === text).toBe(true);
    }
  });

  test('the import of an export gives a valid database and event chain, and the change feed continues', async () => {
    const source = await openSource();
    const text = await exportText(source.options.url);
    const url = onPostgresql ? newSqliteUrl() : await newDatabaseUrl();
    await importText(text, url);
    const { db: before } = await openTestDatabase({ url: source.options.url });
    const { db: after } = await openTestDatabase({ url });
    expect(await after.check()).toMatchObject({ ok: true, findings: [], warnings: [] });
    expect(await after.events.verify()).toEqual(await before.events.verify());
    const changes = await before.changes({ limit: 10_000 });
    expect(await after.changes({ limit: 10_000 })).toEqual(changes);
    for (const id of ['whole', 'only', oddText]) expect(await after.getAgent(id)).toEqual(await before.getAgent(id));
    expect(await after.queryAgents({ name: 'ünique "name" 𝒳' })).toHaveLength(1);
    const last = changes.at(-1)?.sequence ?? 0;
    await after.deleteAgent('only');
    expect(await after.changes({ after: last })).toEqual([
      expect.objectContaining({ sequence: last + 1, kind: 'DELETED', id: 'only' }),
    ]);
    await after.events.record(eventInput());
    expect(await after.events.verify()).toMatchObject({ valid: true });
  });

  test('an export keeps the sequence number of a change that was rolled back or pruned', async () => {
    const { db, options } = await openTestDatabase({ url: await newDatabaseUrl() });
    await createAgent(db, { id: 'a' });
    await db.pruneChanges({ before: new Date(Date.now() + 1000) });
    const [first] = await db.changes({}).then(async () => {
      await createAgent(db, { id: 'b' });
      return db.changes({ limit: 1 });
    });
    await db.pruneChanges({ before: new Date(Date.now() + 1000) });
    await db.close();
    const text = await exportText(options.url);
    const target = newSqliteUrl();
    await importText(text, target);
    expect(await exportText(target)).toBe(text);
    const { db: after } = await openTestDatabase({ url: target });
    await after.deleteAgent('a');
    const [change] = await after.changes({});
    expect(change?.sequence).toBeGreaterThan(first?.sequence ?? NaN);
  });

  test('the export of an empty database is the same on both engines', async () => {
    const { db, options } = await openTestDatabase({ url: await newDatabaseUrl() });
    await db.close();
    const text = await exportText(options.url);
    expect(text.split('\n')).toHaveLength(3);
    const target = newSqliteUrl();
    await importText(text, target);
    expect(await exportText(target)).toBe(text);
  });

  test('an export is one snapshot, without the changes that are made while it is written', async () => {
    const { db, options } = await openTestDatabase({ url: await newDatabaseUrl() });
    await db.createCertificate(certificateInput({ id: 'c' }));
    const running = { isDone: false };
    const writer = (async () => {
      for (let index = 0; !running.isDone; index += 1) {
        await db
          .register({
            certificate: certificateInput({ id: `c${index}` }),
            agent: agentInput({ id: `a${index}`, certificateId: 'c' }),
            event: eventInput({ id: `e${index}` }),
          })
          .catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    const texts: string[] = [];
    for (let round = 0; round < 5; round += 1) texts.push(await exportText(options.url));
    running.isDone = true;
    await writer;
    for (const text of texts) {
      const target = newSqliteUrl();
      await importText(text, target);
      const counts = await rawCounts({ options: { url: target } });
      expect([counts['agents'], counts['security_events']]).toEqual(Array(2).fill((counts['certificates'] ?? 0) - 1));
    }
  });
});

describe('The import of an export', () => {
  let exported = '';
  const targets: string[] = [];
  const ends: Cleanup[] = [];

  beforeAll(async () => {
    exported = await exportText((await openSource()).options.url);
    const directory = mkdtempSync(join(scratch, 'ans-test-'));
    ends.push(() => rmSync(directory, { recursive: true }));
    targets.push(`file:${join(directory, 'other.sqlite')}`, await newDatabaseUrl((end) => void ends.push(end)));
    for (const url of targets) {
      const db = new DatabaseService({ url });
      await db.initialize();
      await db.close();
    }
  });
  afterAll(() => runCleanups(ends));

  test.each<[title: string, change: (text: string) => string, message: RegExp]>([
    ['without its last line', (text) => text.replace(/\n[^\n]*\n$/, '\n'), /truncated/],
    ['without its last character but one', (text) => text.slice(0, -2), /truncated|changed/],
    ['cut in the middle', (text) => text.slice(0, text.length >> 1), /truncated|changed/],
    ['with its first line only', (text) => text.slice(0, text.indexOf('\n') + 1), /not a complete export/],
    ['that is empty', () => '', /not a complete export/],
    ['with a changed value', (text) => text.replace('"c3"', '"c4"'), /SHA-256 differs/],
    ['with a changed time', (text) => text.replace('["changes",1', '["changes",2'), /SHA-256 differs/],
    ['with a missing row', (text) => text.replace(/^\["endpoints".*\n/m, ''), /numbers of its rows/],
    ['with a repeated row', (text) => text.replace(/^\["endpoints".*\n/m, '$&$&'), /numbers of its rows/],
    ['with rows in another order', (text) => text.replace(/^(\["changes".*\n)(.*\n)/m, '$2$1'), /SHA-256 differs/],
    [
      'with a row between those of another table',
      (text) => text.replace(/^(\["agents".*\n)([^]*)(\["endpoints".*\n)/m, '$3$1$2'),
      /line \d+/,
    ],
    ['with a longer row', (text) => text.replace(/^(\["changes",.*)\]$/m, '$1,1]'), /line \d+/],
    ['with an unknown table', (text) => text.replace('["changes",', '["__proto__",'), /line \d+/],
    ['with a nested value', (text) => text.replace(/^\["changes",\d+/m, '["changes",{}'), /line \d+/],
    ['with invalid JSON', (text) => text.replace('["changes",', '[changes",'), /line \d+/],
    ['with a line after the end', (text) => `${text}{}\n`, /truncated|changed/],
    ['of another version', (text) => text.replace('"version":1', '"version":2'), /another version/],
    ['with Windows line ends', (text) => text.replaceAll('\n', '\r\n'), /changed/],
    [
      'without a table, whose hash fits',
      (text) =>
        withLines(text, (lines) =>
          lines
            .map((line, index) => (index === 0 ? line.replace(/,"endpoints":[^\]]*\]/, '') : line))
            .filter((line) => !line.startsWith('["endpoints"')),
        ),
      /another version.*endpoints/,
    ],
    [
      'with another column, whose hash fits',
      (text) =>
        withLines(text, (lines) =>
          lines.map((line, index) => (index === 0 ? line.replace('"unique_key"', '"own_key"') : line)),
        ),
      /columns that only one of the databases has: unique_key, own_key|own_key, unique_key/,
    ],
    [
      'with a broken reference, whose hash fits',
      (text) => withLines(text, (lines) => lines.filter((line) => !line.startsWith('["certificates"'))),
      /certificate|reject|references/,
    ],
    [
      'with a repeated key, whose hash fits',
      (text) =>
        withLines(text, (lines) =>
          lines.flatMap((line) =>
            line.startsWith('["change_prun') ? [] : line.startsWith('["capabilities"') ? [line, line] : [line],
          ),
        ),
      /^capabilities, (id "[0-9a-f-]{36}"|a row): .*rejects it.*nothing was written$/,
    ],
  ])('the import of an export refuses a file %s and writes nothing', async (_, change, message) => {
    const text = change(exported);
    for (const url of targets) {
      await expect(importText(text, url)).rejects.toThrow(message);
      const counts = await rawCounts({ options: { url } });
      expect(Object.entries(counts).filter(([, count]) => count > 0)).toEqual([]);
    }
  });

  test('the import of an export reports rows that are not in key order, and commits nothing', async () => {
    const text = withLines(exported, (lines) => {
      const index = lines.findIndex((line) => line.startsWith('["changes"'));
      lines.splice(index, 2, ...lines.slice(index, index + 2).reverse());
      return lines;
    });
    const url = await newDatabaseUrl();
    expect(await importText(text, url)).toMatchObject({ isSame: false });
    expect((await rawCounts({ options: { url } }))['agents']).toBe(0);
  });

  test('the import of an export refuses a database that is not empty, and leaves it unchanged', async () => {
    for (const url of [newSqliteUrl(), await newDatabaseUrl()]) {
      const { db } = await openTestDatabase({ url });
      await createAgent(db, { id: 'mine' });
      await db.close();
      const before = await allRawRows({ options: { url } });
      await expect(importText(exported, url)).rejects.toThrow(
        /database is not empty: it has rows in .*; nothing was written$/,
      );
      expect(await allRawRows({ options: { url } })).toEqual(before);
    }
  });
});
