import type { RegistrationInput } from '../../src';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { callUntyped, expectError, expectRefused } from '../support/expect-error';
import { openTestDatabase } from '../support/test-database';

/** An agent that does not say which certificate it holds. */
function bareAgent(fields: Partial<RegistrationInput['agent']> = {}): RegistrationInput['agent'] {
  return { ...agentInput({ certificateId: '' }), certificateId: undefined, ...fields };
}

function registration(fields: Partial<RegistrationInput> = {}): RegistrationInput {
  return { certificate: certificateInput({ id: 'c' }), agent: bareAgent({ id: 'a' }), ...fields };
}

describe('db.register', () => {
  test('stores the certificate, the agent that holds it, and the event, and answers with their ids', async () => {
    const { db } = await openTestDatabase();
    const event = eventInput({ id: 'e', target: 'a' });
    expect(await db.register(registration({ event }))).toEqual({ certificateId: 'c', agentId: 'a', eventId: 'e' });
    expect(await db.getAgent('a')).toMatchObject({ certificateId: 'c', name: 'Test Agent' });
    expect(await db.getCertificate('c')).toMatchObject({ subject: 'CN=agent.example' });
    expect(await db.querySecurityEvents({})).toMatchObject([{ id: 'e', target: 'a' }]);
    expect((await db.changes()).map(({ entity, id }) => `${entity} ${id}`)).toEqual(['certificate c', 'agent a']);
  });

  test('without an event gives two ids, each a UUIDv7 where none was given', async () => {
    const { db } = await openTestDatabase();
    const ids = await db.register({ certificate: certificateInput(), agent: bareAgent() });
    expect(Object.keys(ids).sort()).toEqual(['agentId', 'certificateId']);
    expect((await db.getAgent(ids.agentId))?.certificateId).toBe(ids.certificateId);
    expect(ids.agentId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });

  test('takes the id of its own certificate, and no other', async () => {
    const database = await openTestDatabase();
    await createCertificate(database.db, { id: 'other' });
    const agent = agentInput({ id: 'a', certificateId: 'other' });
    const error = await expectRefused(database, 'INVALID_INPUT', () => database.db.register(registration({ agent })));
    expect(error).toMatchObject({ field: 'agent.certificateId', operation: 'register' });
    await database.db.register(registration({ agent: { ...agent, certificateId: 'c' } }));
  });

  test.each([
    ['the certificate exists', { certificate: certificateInput({ id: 'taken' }) }, 'ALREADY_EXISTS', 'certificate'],
    ['the agent exists', { agent: { ...registration().agent, id: 'taken' } }, 'ALREADY_EXISTS', 'agent'],
    ['the event exists', { event: eventInput({ id: 'taken' }) }, 'ALREADY_EXISTS', 'securityEvent'],
    [
      'the certificate is revoked',
      { certificate: certificateInput({ status: 'REVOKED' }) },
      'INVALID_TRANSITION',
      'certificate',
    ],
  ] as const)('where %s nothing is stored', async (_, fields, code, entity) => {
    const database = await openTestDatabase();
    const { db } = database;
    await createAgent(db, { id: 'taken', certificateId: await createCertificate(db, { id: 'taken' }) });
    await db.recordSecurityEvent(eventInput({ id: 'taken' }));
    const refused = await expectRefused(database, code, () =>
      db.register(registration({ event: eventInput(), ...fields })),
    );
    expect(refused).toMatchObject({ entity });
  });

  test.each<[string, object]>([
    ['certificate.fingerprint', { certificate: { ...certificateInput(), fingerprint: '' } }],
    ['agent.name', { agent: { ...registration().agent, name: '' } }],
    ['event.eventType', { event: eventInput({ eventType: '' }) }],
    ['registration', { unknown: 1 }],
    ['agent', { agent: 5 }],
    ['certificate', { certificate: undefined }],
  ])('a wrong %s is INVALID_INPUT there', async (field, fields) => {
    const database = await openTestDatabase();
    const refused = () => callUntyped(database.db, 'register', { ...registration(), ...fields });
    expect(await expectRefused(database, 'INVALID_INPUT', refused)).toMatchObject({ field });
  });

  test('may be on condition that the name is the only one', async () => {
    const { db } = await openTestDatabase();
    await db.register(registration(), { unique: 'name-version' });
    const second = registration({ certificate: certificateInput(), agent: { ...registration().agent, id: 'b' } });
    for (const unique of ['name-version', 'owner-name-version', 'none'] as const) {
      expect(await expectError('ALREADY_EXISTS', () => db.register(second, { unique }))).toMatchObject({
        field: 'name',
      });
    }
  });

  test('is part of a transaction inside of one', async () => {
    const { db } = await openTestDatabase();
    await expect(
      db.transaction(async (tx) => {
        await tx.register(registration({ event: eventInput() }));
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await db.getAgent('a')).toBeNull();
    expect(await db.getCertificate('c')).toBeNull();
    expect(await db.querySecurityEvents({})).toEqual([]);
  });
});
