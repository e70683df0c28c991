import type { DatabaseErrorCode, RegistrationInput } from '../../src';
import { agentInput, certificateInput, createAgent, createCertificate, eventInput, uuidv7 } from '../support/factories';
import { callUntyped, expectRefused } from '../support/expect-error';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

/** Returns the input of an agent without a certificateId. */
function bareAgent(fields: Partial<RegistrationInput['agent']> = {}): RegistrationInput['agent'] {
  return { ...agentInput({ certificateId: '' }), certificateId: undefined, ...fields };
}

function registration(fields: Partial<RegistrationInput> = {}): RegistrationInput {
  return { certificate: certificateInput({ id: 'c' }), agent: bareAgent({ id: 'a' }), ...fields };
}

describe('register', () => {
  test('register stores the certificate, its agent and the event, and returns their ids', async () => {
    const { db } = await openTestDatabase();
    const event = eventInput({ id: 'e', target: 'a' });
    expect(await db.register(registration({ event }))).toEqual({ certificateId: 'c', agentId: 'a', eventId: 'e' });
    expect(await db.getAgent('a')).toMatchObject({ certificateId: 'c', name: 'Test Agent' });
    expect(await db.getCertificate('c')).toMatchObject({ subject: 'CN=agent.example' });
    expect(await db.querySecurityEvents({})).toMatchObject([{ id: 'e', target: 'a' }]);
    expect((await db.changes()).map(({ entity, id }) => `${entity} ${id}`)).toEqual(['certificate c', 'agent a']);
  });

  test('register returns the generated ids of certificate and agent when there is no event', async () => {
    const { db } = await openTestDatabase();
    const ids = await db.register({ certificate: certificateInput(), agent: bareAgent() });
    expect(Object.keys(ids).sort()).toEqual(['agentId', 'certificateId']);
    expect((await db.getAgent(ids.agentId))?.certificateId).toBe(ids.certificateId);
    expect(ids.agentId).toMatch(uuidv7);
  });

  test('register accepts only the id of the new certificate as certificateId of the agent', async () => {
    const database = await openTestDatabase();
    await createCertificate(database.db, { id: 'other' });
    const agent = agentInput({ id: 'a', certificateId: 'other' });
    const error = await expectRefused(database, 'INVALID_INPUT', () => database.db.register(registration({ agent })));
    expect(error).toMatchObject({ field: 'agent.certificateId', operation: 'register' });
    await database.db.register(registration({ agent: { ...agent, certificateId: 'c' } }));
  });

  const shared = shareTestDatabase({}, async ({ db }) => {
    await createAgent(db, { id: 'taken', certificateId: await createCertificate(db, { id: 'taken' }) });
    await db.recordSecurityEvent(eventInput({ id: 'taken' }));
  });
  const taken = { id: 'taken' };

  test.each<[string, DatabaseErrorCode, object]>([
    ['certificate', 'ALREADY_EXISTS', { certificate: certificateInput(taken) }],
    ['agent', 'ALREADY_EXISTS', { agent: bareAgent(taken) }],
    ['securityEvent', 'ALREADY_EXISTS', { event: eventInput(taken) }],
    ['certificate', 'INVALID_TRANSITION', { certificate: certificateInput({ status: 'REVOKED' }) }],
  ])('register writes nothing when the %s fails with %s', async (entity, code, fields) => {
    const register = () => shared().db.register({ ...registration({ event: eventInput() }), ...fields });
    expect(await expectRefused(shared(), code, register)).toMatchObject({ entity });
  });

  test.each<[string, object]>([
    ['certificate.fingerprint', { certificate: { ...certificateInput(), fingerprint: '' } }],
    ['agent.name', { agent: { ...registration().agent, name: '' } }],
    ['event.eventType', { event: eventInput({ eventType: '' }) }],
    ['registration', { unknown: 1 }],
    ['agent', { agent: 5 }],
    ['certificate', { certificate: undefined }],
  ])('register refuses an invalid %s', async (field, fields) => {
    const refused = () => callUntyped(shared().db, 'register', { ...registration(), ...fields });
    expect(await expectRefused(shared(), 'INVALID_INPUT', refused)).toMatchObject({ field });
  });
});
