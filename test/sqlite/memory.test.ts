import { existsSync } from 'node:fs';
import { certificateInput, createCertificate } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

test.each([':memory:', 'file::memory:'])(
  'databases of the url %s are separate, lose their rows when they are closed and create no file of that name',
  async (url) => {
    const [{ db: first }, { db: second }] = [await openTestDatabase({ url }), await openTestDatabase({ url })];
    await createCertificate(first, { id: 'same' });
    expect(await second.getCertificate('same')).toBeNull();
    await createCertificate(second, { id: 'same', subject: 'CN=second' });
    expect(await first.getCertificate('same')).toMatchObject({ subject: 'CN=agent.example' });
    await first.close();
    await first.initialize();
    expect(await first.getCertificate('same')).toBeNull();
    expect(await second.getCertificate('same')).toMatchObject({ subject: 'CN=second' });
    expect(existsSync(':memory:')).toBe(false);
  },
);

test('a transaction of a database in memory is committed or rolled back as a whole', async () => {
  const { db } = await openTestDatabase({ url: ':memory:' });
  await db.transaction((tx) => tx.createCertificate(certificateInput({ id: 'kept' })));
  const undone = db.transaction(async (tx) => {
    await tx.createCertificate(certificateInput({ id: 'undone' }));
    throw new Error('undo');
  });
  await expect(undone).rejects.toThrow('undo');
  expect((await db.certificates.query({})).map(({ id }) => id)).toEqual(['kept']);
});
