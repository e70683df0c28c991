import fc from 'fast-check';
import type { DatabaseService } from '../../src';
import { onPostgresql } from '../support/engine';
import { agentInput, certificateInput } from '../support/factories';
import { isLongRun } from '../support/sampled';
import { openCache } from './open-cache';

/** Number of random sequences of steps. They take longer on PostgreSQL. */
const runs = (onPostgresql ? 2 : 5) * (isLongRun ? 5 : 1);

type Target = Pick<DatabaseService, 'agents' | 'certificates' | 'register'>;

const ids = ['a', 'b', 'c'];
const fingerprints = ['AA', 'BB', 'CC'];

interface Write {
  readonly call: keyof typeof calls;
  readonly id: string;
  readonly value: string;
}

/** Writes of a few agents and certificates; the value is a fingerprint or a version. */
const calls = {
  register: (target: Target, { id, value }: Write) =>
    target.register({
      certificate: certificateInput({ id, fingerprint: value }),
      agent: agentInput({ id, certificateId: id }),
    }),
  createCertificate: ({ certificates }: Target, { id, value }: Write) =>
    certificates.create(certificateInput({ id, fingerprint: value })),
  updateAgent: ({ agents }: Target, { id, value }: Write) => agents.update({ id, version: value, certificateId: id }),
  setMetadata: ({ agents }: Target, { id, value }: Write) => agents.mergeMetadata(id, { [value]: value }),
  deleteAgent: ({ agents }: Target, { id }: Write) => agents.delete(id),
  updateStatus: ({ certificates }: Target, { id }: Write) => certificates.updateStatus(id, 'SUSPENDED'),
  revoke: ({ certificates }: Target, { id }: Write) =>
    certificates.revoke(id, { reason: 'superseded', agents: 'suspend' }),
  rotate: ({ certificates }: Target, { id, value }: Write) =>
    certificates.rotate(id, certificateInput({ fingerprint: value })),
  deleteCertificate: ({ certificates }: Target, { id }: Write) => certificates.delete(id),
};

const write: fc.Arbitrary<Write> = fc.record({
  // Object.keys returns strings; the object literal `calls` has no other keys than those of its type.
  call: fc.constantFrom(...(Object.keys(calls) as (keyof typeof calls)[])),
  id: fc.constantFrom(...ids),
  value: fc.constantFrom(...fingerprints),
});

/** A single write, a transaction of writes, concurrent writes and reads, or an advance of the clock. */
const step = fc.oneof(
  // On PostgreSQL, the cache notices the writes of another service only later.
  fc.record({ write, isOther: onPostgresql ? fc.constant(false) : fc.boolean() }),
  fc.record({ inTransaction: fc.array(write, { maxLength: 3 }), isCommitted: fc.boolean() }),
  fc.record({ atOnce: fc.array(write, { maxLength: 3 }) }),
  fc.record({ passMs: fc.constantFrom(1, 500, 1000) }),
);

async function readAll(db: DatabaseService, options?: { consistency: 'primary' }): Promise<unknown[]> {
  return Promise.all([
    ...ids.map((id) => db.getAgent(id, options)),
    ...fingerprints.map((fingerprint) => db.getCertificateByFingerprint(fingerprint, options)),
    ...ids.map((id) => db.getCertificate(id, options)),
  ]);
}

/** Makes a write and ignores its error, because the random write may not be valid for the stored records. */
async function attempt(target: Target, made: Write): Promise<void> {
  await calls[made.call](target, made).catch(() => undefined);
}

test(
  'the cache returns the same records as the database after random writes',
  async () => {
    const steps = fc.array(step, { maxLength: 30, size: 'max' });
    const property = fc.asyncProperty(steps, fc.integer({ min: 1, max: 9 }), async (taken, maxEntries) => {
      const { db, other, clock } = await openCache({ maxEntries, ttlMs: 1500 });
      const compare = async (): Promise<void> =>
        expect(await readAll(db)).toEqual(await readAll(db, { consistency: 'primary' }));
      for (const next of taken) {
        if ('write' in next) await attempt(next.isOther ? other : db, next.write);
        else if ('passMs' in next) clock.nowMs += next.passMs;
        else if ('atOnce' in next) await Promise.all([...next.atOnce.map((made) => attempt(db, made)), readAll(db)]);
        else {
          const undone = new Error('undone');
          const work = db.transaction(async (tx) => {
            for (const made of next.inTransaction) await attempt(tx, made);
            await compare();
            if (!next.isCommitted) throw undone;
          });
          await work.catch((error: unknown) => expect(error).toBe(undone));
        }
        await compare();
      }
      await db.close();
      await other.close();
    });
    await fc.assert(property, { numRuns: runs });
  },
  60_000 + runs * 2000,
);
