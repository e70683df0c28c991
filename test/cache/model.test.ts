import fc from 'fast-check';
import type { DatabaseService } from '../../src';
import { onPostgresql } from '../support/engine';
import { agentInput, certificateInput } from '../support/factories';
import { openCache } from './open-cache';

/*
 * Whatever is done, alone, at once, in transactions that are committed or not, on SQLite also by another service: what the
 * cache answers is what the database answers. CACHE_RUNS sets how many sequences are tried.
 */
const runs = Number(process.env['CACHE_RUNS'] ?? (onPostgresql ? 5 : 12));

type Target = Pick<DatabaseService, 'agents' | 'certificates' | 'register'>;

type Step =
  | { readonly kind: 'write'; readonly write: Write; readonly place: 'db' | 'other' }
  | { readonly kind: 'transaction'; readonly writes: readonly Write[]; readonly isCommitted: boolean }
  | { readonly kind: 'together'; readonly writes: readonly Write[] }
  | { readonly kind: 'read' }
  | { readonly kind: 'time'; readonly ms: number };

interface Write {
  readonly call: keyof typeof calls;
  readonly id: string;
  readonly value: string;
}

const ids = ['a', 'b', 'c'];
const fingerprints = ['AA', 'BB', 'CC'];

/** Operations on agents and certificates of a few ids; the value is a fingerprint. */
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
  // The keys of an object literal of this type are its calls.
  call: fc.constantFrom(...(Object.keys(calls) as (keyof typeof calls)[])),
  id: fc.constantFrom(...ids),
  value: fc.constantFrom(...fingerprints),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    write,
    // What another service has done is noticed at once on SQLite only.
    place: onPostgresql ? fc.constant('db' as const) : fc.constantFrom('db' as const, 'other' as const),
  }),
  fc.record({
    kind: fc.constant('transaction' as const),
    writes: fc.array(write, { maxLength: 3 }),
    isCommitted: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('together' as const), writes: fc.array(write, { minLength: 1, maxLength: 3 }) }),
  fc.constant<Step>({ kind: 'read' }),
  fc.record({ kind: fc.constant('time' as const), ms: fc.constantFrom(1, 500, 1000) }),
);

async function readAll(db: DatabaseService, options?: { consistency: 'primary' }): Promise<unknown[]> {
  return Promise.all([
    ...ids.map((id) => db.getAgent(id, options)),
    ...fingerprints.map((fingerprint) => db.getCertificateByFingerprint(fingerprint, options)),
    ...ids.map((id) => db.getCertificate(id, options)),
  ]);
}

// Many are refused: what counts is what is there after it.
async function attempt(target: Target, made: Write): Promise<void> {
  await calls[made.call](target, made).catch(() => undefined);
}

const undone = new Error('undone');

test(
  'what the cache answers is what the database answers',
  async () => {
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 30, size: 'max' }),
      fc.nat(8),
      async (steps, room) => {
        const { db, other, clock } = await openCache({ maxEntries: room + 1, ttlMs: 1500 });
        const compare = async (): Promise<void> =>
          expect(await readAll(db)).toEqual(await readAll(db, { consistency: 'primary' }));
        const take = async (taken: Step): Promise<void> => {
          if (taken.kind === 'write') await attempt(taken.place === 'db' ? db : other, taken.write);
          if (taken.kind === 'time') clock.nowMs += taken.ms;
          if (taken.kind === 'together') {
            await Promise.all([...taken.writes.map((made) => attempt(db, made)), readAll(db)]);
          }
          if (taken.kind === 'transaction') {
            const work = db.transaction(async (tx) => {
              for (const made of taken.writes) await attempt(tx, made);
              await compare();
              if (!taken.isCommitted) throw undone;
            });
            await work.catch((error: unknown) => {
              if (error !== undone) throw error;
            });
          }
        };
        for (const taken of steps) {
          await take(taken);
          await compare();
        }
        await db.close();
        await other.close();
      },
    );
    await fc.assert(property, { numRuns: runs });
  },
  60_000 + runs * 2000,
);
