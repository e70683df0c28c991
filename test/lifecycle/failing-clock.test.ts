import { driverErrorOf } from '../../src';
import { expectRefused } from '../support/expect-error';
import { agentInput, createCertificate, eventInput } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

test('a write fails with INVALID_OPTIONS and keeps the thrown error when the option `now` throws', async () => {
  const failure = new Error('the clock is broken');
  let isBroken = false;
  const now = (): number => {
    if (isBroken) throw failure;
    return Date.now();
  };
  const database = await openTestDatabase({ now });
  const { db } = database;
  const certificateId = await createCertificate(db);
  isBroken = true;
  for (const write of [
    () => db.createAgent(agentInput({ certificateId })),
    () => db.recordSecurityEvent(eventInput()),
  ]) {
    const error = await expectRefused(database, 'INVALID_OPTIONS', write);
    expect(error).toMatchObject({ field: 'now', retryable: false });
    expect(error.message).toContain('now must not throw');
    expect(driverErrorOf(error)).toBe(failure);
  }
});
