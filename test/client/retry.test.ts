import { expectError } from '../support/expect-error';
import { createAgent, createCertificate } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

test('a mistake of the caller is never tried again', async () => {
  const database = await openTestDatabase({ retry: { baseDelayMs: 1, maxDelayMs: 5 } });
  await createCertificate(database.db, { id: 'a' });
  await expectError('ALREADY_EXISTS', () => createCertificate(database.db, { id: 'a' }));
  await expectError('REFERENCE_NOT_FOUND', () => createAgent(database.db, { certificateId: 'nothing' }));
  await expectError('INVALID_INPUT', () => createCertificate(database.db, { id: '' }));
  expect(database.events.filter(({ type }) => type === 'retry')).toEqual([]);
});
