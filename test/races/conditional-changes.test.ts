import type { DatabaseService } from '../../src';
import { createAgent, createCertificate } from '../support/factories';
import { everyRound, openTwice, race } from './race';

/** Every way to take an agent out of use without a condition. */
const withdrawals: readonly ((db: DatabaseService, id: string, certificateId: string) => Promise<unknown>)[] = [
  (db, id) => db.agents.setStatus(id, 'SUSPENDED'),
  (db, id) => db.agents.update({ id, status: 'SUSPENDED' }),
  (db, _, certificateId) => db.certificates.revoke(certificateId, { reason: 'superseded', agents: 'suspend' }),
  (db, id) => db.transaction((tx) => tx.agents.setStatus(id, 'SUSPENDED')),
];

describe('a conditional change', () => {
  // The clock stands still, so that both changes are of the same millisecond.
  test('never makes an agent ACTIVE again that was suspended after it was read', async () => {
    const { db, other } = await openTwice({ now: () => 1_800_000_000_000 });
    await everyRound(async (round) => {
      const certificateId = await createCertificate(db);
      const id = await createAgent(db, { id: `a${round}`, certificateId });
      const withdraw = withdrawals[round % withdrawals.length];
      if (withdraw === undefined) throw new Error('There is no such way');
      let readStatus: string | undefined;
      const conditionally = async (): Promise<boolean> => {
        const read = await db.getAgent(id);
        readStatus = read?.status;
        return db.agents.update({ id, status: 'ACTIVE' }, { ifUpdatedAt: read?.updatedAt });
      };
      const [changed] = await race(round, conditionally, () => withdraw(other, id, certificateId));
      expect([true, { code: 'CONFLICT' }]).toContainEqual(changed);
      // Only who has read that it is suspended may make it ACTIVE.
      const status = changed === true && readStatus === 'SUSPENDED' ? 'ACTIVE' : 'SUSPENDED';
      expect((await db.getAgent(id))?.status).toBe(status);
    }, 40);
  });
});
