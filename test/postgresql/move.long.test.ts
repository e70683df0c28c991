import { once } from 'node:events';
import type { AgentRecord, DatabaseService, Metadata } from '../../src';
import { certificateInput, createAgent, createCertificate, eventInput, wholeAgent } from '../support/factories';
import { queryRaw, rawRows } from '../support/raw-reader';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase, unmigratedDatabaseUrl } from '../support/test-database';
import { createCertificates, Moving } from './moving';

const year1 = new Date('0001-01-01T00:00:00.000Z');
const year9999 = new Date('9999-12-31T23:59:59.999Z');
/** The latest time that a caller may give for `updatedAt`. */
const latestUpdate = new Date('9998-12-31T23:59:59.999Z');

/**
 * Texts that are hard to store or to order. `\ufffd` is the replacement character. UTF-16 code units would reverse the
 * order of the last two texts.
 */
const oddTexts = [
  ' \t\r\n',
  '"quoted" \\u0000 \'; --',
  'İstanbul ß ǅ',
  'e\u0301 is not é',
  '\u2028\u2029\u200f\u0001\u007f',
  'null',
  '\ufffd',
  '\uffee',
  '👩‍👩‍👧',
];

function oddAgent(text: string, certificateId: string): AgentRecord {
  const endpoint = {
    id: text,
    protocol: text,
    address: text,
    port: 65_535,
    health: { status: 'UNKNOWN', lastChecked: year1, message: text },
    metadata: { [text]: text },
  } as const;
  return wholeAgent({
    certificateId,
    id: `odd ${text}`,
    name: text,
    publicKey: text,
    version: text,
    owner: text,
    description: text,
    capabilities: [text],
    endpoints: [endpoint],
    defaultEndpoint: endpoint,
    metadata: { [text]: text },
  });
}

const metadata = JSON.parse(
  '{"__proto__":{"__proto__":[-1,1e300,0.1]},"constructor":null,"nested":{"":[true,{}]},"big":1152921504606846976}',
) as Metadata; // JSON.parse returns only JSON values.

const agents: readonly AgentRecord[] = [
  wholeAgent({ certificateId: 'first', metadata }),
  wholeAgent({ certificateId: 'first', id: 'times', createdAt: year1, updatedAt: latestUpdate, expiresAt: year9999 }),
  wholeAgent({ certificateId: 'second', id: 'bare', endpoints: [], capabilities: [], metadata: {}, status: 'REVOKED' }),
  ...oddTexts.map((text) => oddAgent(text, 'second')),
].map(({ defaultEndpoint, ...agent }) =>
  agent.endpoints.length === 0 || defaultEndpoint === undefined ? agent : { ...agent, defaultEndpoint },
);

/** Fields that the first test changes. */
const deprecated: ReadonlyMap<string, Partial<AgentRecord>> = new Map(
  agents.flatMap(({ id, updatedAt: at }) => {
    if (id === 'agent-1') return [[id, deprecation({ at, reason: '', successorId: 'times' })]];
    return id === 'times' ? [[id, deprecation({ at, successorId: 'bare' })]] : [];
  }),
);

function deprecation(details: NonNullable<AgentRecord['deprecation']>): Partial<AgentRecord> {
  return { status: 'DEPRECATED', deprecation: details };
}

async function fillWithEverything(db: DatabaseService): Promise<void> {
  await createCertificate(db, {
    id: 'first',
    notBefore: year1,
    notAfter: year9999,
    metadata,
    subject: '',
    issuer: 'ß',
  });
  for (const id of ['second', 'third', 'fourth']) await createCertificate(db, { id, subject: oddTexts[7] ?? '' });
  await db.updateCertificateStatus('third', 'REVOKED');
  for (const agent of agents) await db.createAgent(agent);
  for (const [index, text] of oddTexts.entries()) {
    const fields = { eventType: text, source: text, target: text, description: text, mitigationDetails: text };
    const event = { ...fields, timestamp: index % 2 ? year1 : year9999, metadata: { [text]: text, ...metadata } };
    await db.recordSecurityEvent(eventInput({ id: text, ...event, mitigationApplied: index % 2 === 0 }));
  }
}

describe('ans-database move', () => {
  test('ans-database move copies all values that SQLite can store without any change', async () => {
    const moving = await Moving.prepare(fillWithEverything);
    // References forwards and backwards in the order of the keys, and a cycle.
    await changeRaw(
      moving.source,
      `UPDATE certificates SET replaced_by = 'third' WHERE id = 'first';
      UPDATE certificates SET replaced_by = 'second' WHERE id = 'third';
      UPDATE certificates SET replaced_by = 'first' WHERE id = 'second';
      UPDATE certificates SET replaced_by = 'fourth', revoked_at = 1, revocation_reason = 'superseded' WHERE id = 'fourth';
      UPDATE agents SET status = 'DEPRECATED', deprecated_at = updated_at WHERE id IN ('agent-1', 'times');
      UPDATE agents SET deprecation_reason = '', successor_id = 'times' WHERE id = 'agent-1';
      UPDATE agents SET successor_id = 'bare' WHERE id = 'times'`,
    );
    const { exitCode, stdout } = await moving.run('--batch', '4');
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringContaining('same on both sides') as string,
    });
    expect(stdout).toMatch(/^agents\t12\t12\t([0-9a-f]{16})\t\1\tsame$/m);
    expect(stdout).toMatch(
      /^ {2}12 agents: .*\n {2}4 certificates: 1 REVOKED, 3 VALID\n {2}\d+ security events: \d+ MEDIUM$/m,
    );
    await moving.expectSame();

    const { db: before } = await openTestDatabase(moving.source.options);
    const { db: after } = await openTestDatabase(moving.target.options);
    for (const agent of agents) {
      expect(await after.getAgent(agent.id)).toStrictEqual({ ...agent, ...deprecated.get(agent.id) });
      expect(await after.queryAgents({ id: agent.id, name: agent.name, version: agent.version })).toHaveLength(1);
    }
    for (const id of ['first', 'second', 'third', 'fourth']) {
      expect(await after.getCertificate(id)).toStrictEqual(await before.getCertificate(id));
    }
    expect(await after.querySecurityEvents({})).toStrictEqual(await before.querySecurityEvents({}));
    for (const orderBy of ['name', 'version', 'updatedAt'] as const) {
      expect(await after.queryAgents({ orderBy })).toStrictEqual(await before.queryAgents({ orderBy }));
    }
    // The event chain is valid, and the change feed has the same entries.
    expect(await after.events.verify()).toEqual(await before.events.verify());
    const feed = await before.changes({ limit: 10_000 });
    expect(await after.changes({ limit: 10_000 })).toEqual(feed);
    // The moved database accepts writes, and its change feed continues.
    expect(await after.deleteAgent('agent-1')).toBe(true);
    expect(await after.changes({ after: feed.at(-1)?.sequence })).toMatchObject([{ kind: 'DELETED', id: 'agent-1' }]);
    await expect(after.createCertificate(certificateInput({ id: 'first' }))).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
  });

  test('ans-database move creates the schema in an empty database with another locale', async () => {
    const options = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'";
    const moving = await Moving.prepare(fillWithEverything, await unmigratedDatabaseUrl(options));
    expect(await moving.run('--batch', '5')).toMatchObject({ exitCode: 0 });
    await moving.expectSame();
  });

  test('ans-database move copies tables of later migrations and reports tables that only SQLite has', async () => {
    const moving = await Moving.prepare((db) => createAgent(db, { id: 'known' }));
    const sql = `CREATE TABLE notes (agent_id TEXT NOT NULL REFERENCES agents (id), place INTEGER NOT NULL, note TEXT,
      PRIMARY KEY (place, agent_id))`;
    await changeRaw(moving.source, `${sql}; CREATE TABLE own (id INTEGER PRIMARY KEY)`);
    await changeRaw(moving.source, "INSERT INTO notes VALUES ('known', 10, 'ten'), ('known', 9, NULL)");
    await changeRaw(moving.target, sql);
    const { exitCode, stdout } = await moving.run();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^notes\t2\t2\t/m);
    expect(stdout).toMatch(/^Not moved, .*: own$/m);
    const notes = 'SELECT * FROM notes ORDER BY place';
    expect(await queryRaw(moving.target, notes)).toEqual(await queryRaw(moving.source, notes));
  });

  test('ans-database move copies the state at its start and reports later changes of the source', async () => {
    const moving = await Moving.prepare(createCertificates);
    await moving.slowDown('certificates');
    const child = await moving.start('--batch', '1');
    await changeRaw(
      moving.source,
      `CREATE TEMP TABLE later AS SELECT * FROM certificates LIMIT 1;
      UPDATE later SET id = '', fingerprint = 'other', fingerprint_key = 'other';
      INSERT INTO certificates SELECT * FROM later`,
    );
    let stdout = '';
    child.stdout?.on('data', (text: Buffer) => (stdout += text.toString()));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(stdout).toMatch(/was changed during the move/);
    expect(await rawRows(moving.target, 'certificates')).toHaveLength(60);
  });
});

describe('the verification of ans-database move', () => {
  test.each([
    ['a changed string', "NEW.name := 'other'; RETURN NEW;"],
    ['a time that differs by a millisecond', "NEW.updated_at := NEW.updated_at + interval '1 ms'; RETURN NEW;"],
    ['an empty string instead of null', "NEW.description := coalesce(NEW.description, ''); RETURN NEW;"],
    ['a missing row', 'RETURN NULL;'],
  ])('the verification of ans-database move detects %s and commits nothing', async (_, body) => {
    const moving = await Moving.prepare((db) => createAgent(db));
    await moving.onInsert('agents', body);
    const { exitCode, stdout } = await moving.run();
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^agents\t.*\tDIFFERENT$/m);
    expect(stdout).toMatch(/^certificates\t.*\tsame$/m);
    expect(stdout).toMatch(/nothing was moved\.\n$/);
    await moving.expectNothingMoved();
  });
});
