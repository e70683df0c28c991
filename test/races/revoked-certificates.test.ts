import type { DatabaseService } from '../../src';
import { agentInput, createAgent, createCertificate } from '../support/factories';
import { everyRound, expectBothWays, historiesOf, openTwice, race, rounds } from './race';

type Attach = (db: DatabaseService, id: string, certificateId: string) => Promise<unknown>;

/** Every way to attach the agent `id`, which holds another certificate where it is there already. */
const ways: readonly (readonly [name: string, isNew: boolean, attach: Attach])[] = [
  ['createAgent', true, (db, id, certificateId) => db.createAgent(agentInput({ id, certificateId }))],
  ['createMany', true, (db, id, certificateId) => db.agents.createMany([agentInput({ id, certificateId })])],
  ['updateAgent', false, (db, id, certificateId) => db.updateAgent({ id, certificateId })],
  [
    'createAgent in a transaction that has read before',
    true,
    (db, id, certificateId) =>
      db.transaction(async (tx) => {
        await tx.agents.count();
        await tx.createAgent(agentInput({ id, certificateId }));
      }),
  ],
  [
    'updateAgent in a transaction that has read before',
    false,
    (db, id, certificateId) =>
      db.transaction(async (tx) => {
        await tx.agents.get(id);
        await tx.updateAgent({ id, certificateId });
      }),
  ],
];

const revocations: readonly ((db: DatabaseService, id: string) => Promise<unknown>)[] = [
  (db, id) => db.certificates.revoke(id, { reason: 'keyCompromise', agents: 'keep' }),
  (db, id) => db.updateCertificateStatus(id, 'REVOKED'),
];

test.each(ways)('%s never attaches an agent after its certificate is revoked', async (_, isNew, attach) => {
  const database = await openTwice();
  const { db, other } = database;
  const elsewhere = await createCertificate(db, { id: 'elsewhere' });
  const attached = new Map<number, boolean>();
  await everyRound(
    async (round) => {
      const certificateId = await createCertificate(db, { id: `c${round}` });
      const id = `a${round}`;
      if (!isNew) await createAgent(db, { id, certificateId: elsewhere });
      const revoke =
        revocations[round % revocations.length] ?? (() => Promise.reject(new Error('There is no such way')));
      const [outcome] = await race(
        round,
        () => attach(other, id, certificateId),
        () => revoke(db, certificateId),
      );
      const isRefused = typeof outcome === 'object' && outcome !== null && 'code' in outcome;
      if (isRefused) expect(outcome).toEqual({ code: 'INVALID_TRANSITION' });
      expect((await db.getAgent(id))?.certificateId === certificateId).toBe(!isRefused);
      attached.set(round, !isRefused);
    },
    Math.max(rounds, 20),
  );
  const historyOf = await historiesOf(database);
  for (const [round, isAttached] of attached) {
    const [revocation = NaN] = historyOf(`CERTIFICATE c${round}`).positions.slice(1);
    const [attachment = NaN] = historyOf(`AGENT a${round}`).positions.slice(isNew ? 0 : 1);
    if (isAttached) expect(attachment).toBeLessThan(revocation);
  }
  expectBothWays(new Set(attached.values()));
});
