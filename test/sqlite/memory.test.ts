import { existsSync } from 'node:fs';
import type { DatabaseService, TransactionScope } from '../../src';
import { certificateInput, createAgent, createCertificate } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

async function open(url = ':memory:'): Promise<DatabaseService> {
  return (await openTestDatabase({ url })).db;
}

function createInside(tx: TransactionScope, id: string): Promise<string> {
  return tx.createCertificate(certificateInput({ id }));
}

describe('Databases in memory', () => {
  test('are separate from each other, and gone when they are closed', async () => {
    const [first, second] = [await open(), await open()];
    await createCertificate(first, { id: 'same' });
    expect(await second.getCertificate('same')).toBeNull();
    await createCertificate(second, { id: 'same', subject: 'CN=second' });
    expect(await first.getCertificate('same')).toMatchObject({ subject: 'CN=agent.example' });
    await first.close();
    await first.initialize();
    expect(await first.getCertificate('same')).toBeNull();
    expect(await second.getCertificate('same')).toMatchObject({ subject: 'CN=second' });
  });

  test('keep all of a transaction or nothing', async () => {
    const db = await open();
    await db.transaction((tx) => createInside(tx, 'kept'));
    const undone = db.transaction(async (tx) => {
      await createInside(tx, 'undone');
      throw new Error('undo');
    });
    await expect(undone).rejects.toThrow('undo');
    expect(await db.getCertificate('kept')).not.toBeNull();
    expect(await db.getCertificate('undone')).toBeNull();
  });
});

describe('the url', () => {
  test(':memory: is a database of its own that is gone when it is closed', async () => {
    const [first, second] = await Promise.all([open(), open()]);
    const id = await createAgent(first, { capabilities: ['a'] });
    expect(await first.getAgent(id)).toMatchObject({ id });
    expect(await second.getAgent(id)).toBeNull();
    await first.close();
    await first.initialize();
    expect(await first.getAgent(id)).toBeNull();
    expect(existsSync(':memory:')).toBe(false);
  });
});

test('file::memory: is a database in memory, and leaves no file of that name', async () => {
  const { db } = await openTestDatabase({ url: 'file::memory:' });
  await createAgent(db, { id: 'a' });
  expect(existsSync(':memory:')).toBe(false);
});
