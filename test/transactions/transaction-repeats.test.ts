import type { DatabaseErrorCode, TransactionScope } from '../../src';
import { certificateInput, createAgent, createCertificate } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

describe('the callback of a transaction', () => {
  test.each<[DatabaseErrorCode, (tx: TransactionScope) => Promise<unknown>]>([
    ['ALREADY_EXISTS', (tx) => tx.createCertificate(certificateInput({ id: 'c' }))],
    ['REFERENCE_NOT_FOUND', (tx) => tx.createAgent({ ...agent, certificateId: 'missing' })],
    ['INVALID_INPUT', (tx) => tx.createCertificate(certificateInput({ id: '' }))],
    ['STILL_REFERENCED', (tx) => tx.certificates.delete('c')],
    ['INVALID_TRANSITION', (tx) => tx.updateCertificateStatus('revoked', 'VALID')],
  ])('runs once when a call in it fails with %s', async (code, call) => {
    const { db, events } = await openTestDatabase({ retry: { baseDelayMs: 1, maxDelayMs: 1 } });
    await createCertificate(db, { id: 'c' });
    await createCertificate(db, { id: 'revoked', status: 'REVOKED' });
    await createAgent(db, { certificateId: 'c' });
    const work = jest.fn(call);
    await expect(db.transaction(work)).rejects.toMatchObject({ code });
    expect(work).toHaveBeenCalledTimes(1);
    expect(events.filter(({ type }) => type === 'retry')).toEqual([]);
  });
});

const agent = { name: 'Agent', version: '1.0.0', owner: 'owner', publicKey: 'key' };
