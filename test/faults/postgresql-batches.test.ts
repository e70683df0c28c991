import { driverErrorOf, type DatabaseOptions } from '../../src';
import { expectError } from '../support/expect-error';
import { certificateInput } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { packageConnections, runRaw } from '../support/raw-client';
import { waitUntil } from '../support/wait-until';
import { trace } from './account';
import { openWork } from './strikes';
import { isInDoubt, writes, type Write } from './work';

/**
 * Opens a database with one connection. A first write of each kind has prepared its statements, so that later writes
 * are sent in one piece.
 */
async function open(options: DatabaseOptions = {}) {
  const { pool, ...others } = options;
  const opened = await openWork({ pool: { maxConnections: 1, ...pool }, ...others });
  spoilDatabase(opened.url);
  for (const [name, write] of writes) await write(opened.work, `unit first-${name}-0`);
  return opened;
}

/** Creates triggers that run `body` after each INSERT into these tables. The returned function drops them. */
async function interpose(url: string, tables: readonly string[], body: string): Promise<() => Promise<unknown>> {
  const create = `CREATE FUNCTION interpose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body}; RETURN NULL; END $$`;
  const triggers = tables.map(
    (table) => `CREATE TRIGGER interpose AFTER INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION interpose()`,
  );
  await runRaw(url, [create, ...triggers].join(';'));
  return () => runRaw(url, tables.map((table) => `DROP TRIGGER interpose ON ${table}`).join(';'));
}

const backends = `FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'ans-database' AND wait_event = 'PgSleep'`;

const interruptions = [
  // An error of a trigger is an error of the application, whatever its code is.
  ['fails', "RAISE EXCEPTION 'no' USING ERRCODE = '53100'", undefined, 'CONSTRAINT_VIOLATION', false],
  ['is cancelled', 'PERFORM pg_sleep(20)', 'pg_cancel_backend', 'UNAVAILABLE', true],
  ['loses its connection', 'PERFORM pg_sleep(20)', 'pg_terminate_backend', 'UNAVAILABLE', true],
] as const;

const places = ['agents', 'endpoints', 'agent_capabilities', 'changes'].flatMap((table) =>
  interruptions.map((interruption) => [table, ...interruption] as const),
);

describe('batches of statements', () => {
  test.each(places)(
    'a call writes nothing when its statement on %s %s',
    async (table, _, body, blow, code, retryable) => {
      const { work, url, expectFailedOnce } = await open();
      const restore = await interpose(url, [table], body);
      const call = work.change('unit struck-0');
      if (blow !== undefined) {
        await waitUntil(async () => (await runRaw(url, `SELECT ${blow}(pid) ${backends}`)).flat().length > 0);
      }
      await call;
      expect((await runRaw(url, "SELECT 1 FROM agents WHERE owner = 'unit struck-0'"))[0]).toEqual([]);
      await restore();
      await expectFailedOnce({ code, retryable });
    },
  );

  test.each(writes)(
    'a write without a reply has an unknown outcome and takes effect at most once: %s',
    async (_, write) => {
      const { work, proxy, expectFailedOnce } = await open({ pool: { statementTimeoutMs: 150 } });
      proxy.mute();
      await write(work, 'unit unanswered-0');
      proxy.restore();
      await expectFailedOnce({ retryable: true }, write);
    },
  );

  describe.each(['DISCARD ALL', 'DEALLOCATE ALL'])('after %s of a pooler', (statement) => {
    test.each(writes)(
      `after ${statement} of a pooler, a write prepares its statements again and takes effect once: %s`,
      async (_, write) => {
        const { work, proxy, expectKept } = await open();
        await proxy.whisper(statement);
        await write(work, 'unit forgotten-0');
        expect(work.errors).toEqual([]);
        await expectKept();
      },
    );

    test.each(writes)(
      `after ${statement} of a pooler, a write without retries fails with a known outcome: %s`,
      async (_, write) => {
        const { work, proxy, expectFailedOnce } = await open({ retry: false });
        await proxy.whisper(statement);
        await write(work, 'unit forgotten-0');
        expect(work.errors.map(isInDoubt)).toEqual([false]);
        await expectFailedOnce({ code: 'UNAVAILABLE', retryable: true }, write);
      },
    );
  });

  test.each([
    ['the change of the type of a column', 'ALTER TABLE agents ALTER COLUMN description TYPE VARCHAR(2000)'],
    ['the addition of a column', 'ALTER TABLE agents ADD COLUMN mine INTEGER'],
    ['the removal of an index', 'DROP INDEX idx_agents_created_at'],
    [
      'the replacement of a table',
      `ALTER TABLE changes RENAME TO old; CREATE TABLE changes (LIKE old INCLUDING ALL);
        ALTER SEQUENCE changes_sequence_seq OWNED BY changes.sequence`,
    ],
  ])('writes with batches of statements succeed after %s', async (_, change) => {
    const { work, url, expectKept } = await open();
    await runRaw(url, change);
    for (const [name, write] of writes) await write(work, `unit ${name}-0`);
    expect(work.errors).toEqual([]);
    // The new feed has to report everything that is stored.
    if (change.includes('RENAME')) await runRaw(url, 'INSERT INTO changes SELECT * FROM old ON CONFLICT DO NOTHING');
    await expectKept();
  });

  test('a write fails with SCHEMA_OUTDATED while a column is missing, and succeeds afterwards', async () => {
    const { db, work, url, expectFailedOnce } = await open();
    await runRaw(url, 'ALTER TABLE changes RENAME COLUMN kind TO sort');
    await work.change('unit outdated-0');
    await expectError('SCHEMA_OUTDATED', () => db.changes());
    await runRaw(url, 'ALTER TABLE changes RENAME COLUMN sort TO kind');
    await expectFailedOnce({ code: 'SCHEMA_OUTDATED', retryable: false });
  });

  test('an update that a deferred trigger rejects at COMMIT writes nothing and keeps its connection', async () => {
    const { work, url, expectFailedOnce } = await open();
    await runRaw(
      url,
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
      CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON agents DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION refuse()`,
    );
    const before = await packageConnections(url);
    await work.change('unit refused-0');
    expect(await packageConnections(url)).toEqual(expect.arrayContaining(before));
    await runRaw(url, 'DROP TRIGGER refuse ON agents');
    await expectFailedOnce({ code: 'CONSTRAINT_VIOLATION', retryable: false });
  });
});

/*
 * A statement that is cancelled when it begins fails before it has any effect, but the test has only microseconds to
 * cancel it. A statement with a syntax error fails at the same point and leaves the connection in the same state: in a
 * failed transaction.
 */
describe('failed BEGIN, COMMIT and SAVEPOINT', () => {
  const one = { pool: { maxConnections: 1 } };

  const change: Write = (work, unit) => work.change(unit);
  const openNew = () => openWork(one);

  test.each<[string, string, string, Write, () => ReturnType<typeof openWork>]>([
    ['the COMMIT of a single call', 'COMMIT\0', 'COMMIX\0', change, openNew],
    ['the COMMIT of a batch', 'COMMIT\0', 'COMMIX\0', change, open],
    ['the COMMIT of a transaction', 'COMMIT\0', 'COMMIX\0', (work, unit) => work.transact(unit), openNew],
    ['BEGIN', 'BEGIN ISO', 'BEGIM ISO', change, openNew],
    ['the BEGIN of a batch', 'BEGIN ISO', 'BEGIM ISO', change, open],
  ])(
    'a failed statement makes its call write nothing, and the connection serves the next caller: %s',
    async (_, from, to, write, openDatabase) => {
      const { db, proxy, work, expectFailedOnce } = await openDatabase();
      proxy.mishear(from, to);
      await write(work, 'unit failing-0');
      expect(work.errors.filter(isInDoubt)).toEqual([]);
      expect(await db.getCertificate('none')).toBeNull();
      await expectFailedOnce({}, write);
    },
  );

  test('a failed SAVEPOINT makes all later calls of the transaction fail with the same cause', async () => {
    const { db, proxy, work, expectFailedOnce } = await openWork(one);
    proxy.mishear('RELEASE operation; SAVEPOINT operation', 'RELEASE operation; SELECT 1/0;;;;;;;;;');
    const codes: unknown[] = [];
    await work.attempt('unit failing-0', trace({ agents: -1 }), () =>
      db.transaction(async (tx) => {
        for (const id of ['a', 'b']) {
          const error = await expectError('INVALID_INPUT', () => tx.createCertificate(certificateInput({ id })));
          codes.push((driverErrorOf(error) as { code?: unknown }).code);
        }
      }),
    );
    expect(codes).toEqual(['22012', '22012']);
    expect(await db.getCertificate('a')).toBeNull();
    await expectFailedOnce({ code: 'INVALID_INPUT', operation: 'transaction' }, (one, unit) => one.transact(unit));
  });
});
