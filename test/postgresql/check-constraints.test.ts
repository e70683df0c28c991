import { createAgent, createCertificate, eventInput } from '../support/factories';
import { runRaw } from '../support/raw-client';
import { openTestDatabase } from '../support/test-database';

const times: readonly (readonly [table: string, column: string])[] = [
  ...['created_at', 'updated_at', 'expires_at'].map((column) => ['agents', column] as const),
  ['endpoints', 'last_checked'],
  ...['not_before', 'not_after', 'created_at', 'revoked_at'].map((column) => ['certificates', column] as const),
  ['security_events', 'timestamp'],
  ['security_event_entries', 'entered_at'],
  ['security_event_checkpoints', 'created_at'],
  ['changes', 'changed_at'],
];

const others: readonly (readonly [table: string, column: string, value: string])[] = [
  ['endpoints', 'port', '0'],
  ['endpoints', 'port', '65536'],
  ['endpoints', 'position', '-1'],
  ['security_event_checkpoints', 'count', '-1'],
  ['certificates', 'revocation_reason', "'x'"],
];

const badTimes = ["'infinity'", "'-infinity'", "'10000-01-01 00:00:00+00'", "'0001-12-31 23:59:59.999+00 BC'"];

test('the tables refuse values that their types allow and the contract forbids', async () => {
  const { db, options } = await openTestDatabase();
  await createCertificate(db, { id: 'c' });
  await createAgent(db, { certificateId: 'c', endpoints: [{ id: 'm', protocol: 'p', address: 'a', port: 1 }] });
  await db.events.record(eventInput());
  const updates = [
    ...others,
    ...times.flatMap(([table, column]) => badTimes.map((value) => [table, column, value] as const)),
  ];
  for (const [table, column, value] of updates) {
    const update = runRaw(options.url, `UPDATE ${table} SET ${column} = ${value}`);
    await expect(update).rejects.toMatchObject({ code: '23514', constraint: `${table}_${column}_check` });
  }
  expect(await db.check()).toMatchObject({ ok: true });
});

test('the tables accept the first and the last time', async () => {
  const { db, options } = await openTestDatabase();
  await createCertificate(db, { id: 'c' });
  await runRaw(
    options.url,
    `UPDATE certificates SET not_before = '0001-01-01 00:00:00+00', not_after = '9999-12-31 23:59:59.999+00'`,
  );
  expect(await db.getCertificate('c')).toMatchObject({
    notBefore: new Date('0001-01-01T00:00:00.000Z'),
    notAfter: new Date('9999-12-31T23:59:59.999Z'),
  });
});
