import type { DatabaseService } from '../../src';
import { agentInput, createAgent, createCertificate } from '../support/factories';
import { connectRaw } from '../support/raw-client';
import { rawRows } from '../support/raw-reader';
import { describeOn } from '../support/skip';
import { afterTest, openTestDatabase } from '../support/test-database';
import { everyRound, expectBothWays, historiesOf, isRefusal, openTwice, race, rounds } from '../support/race';

const over = new Date(0);

describe('concurrent revocations', () => {
  test('certificates.expireDue does not overwrite a concurrent revocation, and each call counts its own changes', async () => {
    const { database, db, other } = await openTwice();
    let expired = 0;
    await everyRound(async (round) => {
      const id = await createCertificate(db, { id: `c${round}`, notAfter: over });
      const [revoked, count] = await race(
        round,
        () => db.certificates.revoke(id, { reason: 'superseded', agents: 'keep' }),
        () => other.certificates.expireDue(),
      );
      expect(revoked).toEqual({ revoked: true, agents: [] });
      expired += Number(count);
    });
    const historyOf = await historiesOf(database);
    const ways = new Set<boolean>();
    let expiries = 0;
    for (const { id, status, revocation_reason: reason } of await rawRows(database, 'certificates')) {
      expect([status, reason]).toEqual(['REVOKED', 'superseded']);
      const { kinds } = historyOf(`CERTIFICATE ${String(id)}`);
      const isExpiredFirst = kinds.length === 3;
      expect(kinds).toEqual(isExpiredFirst ? ['CREATED', 'UPDATED', 'UPDATED'] : ['CREATED', 'UPDATED']);
      expiries += isExpiredFirst ? 1 : 0;
      ways.add(isExpiredFirst);
    }
    expect(expired).toBe(expiries);
    expectBothWays(ways);
  });

  test('a revocation suspends exactly the agents that a concurrent agents.expireDue does not expire first', async () => {
    const { db, other } = await openTwice();
    const ways = new Set<boolean>();
    let expired = 0;
    let suspended = 0;
    await everyRound(async (round) => {
      const certificateId = await createCertificate(db);
      const id = await createAgent(db, { id: `a${round}`, certificateId, expiresAt: over });
      const [revoked, count] = await race(
        round,
        () => db.certificates.revoke(certificateId, { reason: 'keyCompromise', agents: 'suspend' }),
        () => other.agents.expireDue(),
      );
      const status = (await db.getAgent(id))?.status;
      expect(['EXPIRED', 'SUSPENDED']).toContain(status);
      expect(revoked).toEqual({ revoked: true, agents: status === 'SUSPENDED' ? [id] : [] });
      ways.add(status === 'SUSPENDED');
      suspended += status === 'SUSPENDED' ? 1 : 0;
      expired += Number(count);
    });
    expect(expired).toBe(rounds - suspended);
    expectBothWays(ways);
  });

  test('agents.expireDue does not overwrite the concurrent revocation of an agent', async () => {
    const { database, db, other } = await openTwice();
    const certificateId = await createCertificate(db);
    let expired = 0;
    await everyRound(async (round) => {
      const id = await createAgent(db, { id: `a${round}`, certificateId, expiresAt: over });
      const [revoked, count] = await race(
        round,
        () => db.agents.setStatus(id, 'REVOKED'),
        () => other.agents.expireDue(),
      );
      expect(revoked).toBe(true);
      expired += Number(count);
    });
    const agents = await rawRows(database, 'agents');
    expect(agents.filter(({ status }) => status === 'REVOKED')).toHaveLength(rounds);
    const historyOf = await historiesOf(database);
    const expiries = agents.filter(({ id }) => historyOf(`AGENT ${String(id)}`).kinds.length === 3);
    expect(expired).toBe(expiries.length);
    expectBothWays(new Set(agents.map((agent) => expiries.includes(agent))));
  });

  test('only one of several concurrent calls revokes a certificate, and updateCertificateStatus does not overwrite the revocation', async () => {
    const { database, db, other } = await openTwice();
    const updates = new Map<string, number>();
    await everyRound(async (round) => {
      const id = await createCertificate(db, { id: `c${round}` });
      const reasons = ['keyCompromise', 'superseded'] as const;
      const [first, second, status] = await race(
        round,
        () => db.certificates.revoke(id, { reason: reasons[0], agents: 'keep' }),
        () => other.certificates.revoke(id, { reason: reasons[1], agents: 'keep' }),
        () => other.updateCertificateStatus(id, 'SUSPENDED'),
      );
      const winner = [first, second].findIndex((result) => result !== null && 'revoked' in result && result.revoked);
      expect([first, second][1 - winner]).toEqual({ revoked: false, agents: [] });
      const certificate = await db.getCertificate(id);
      expect(certificate).toMatchObject({ status: 'REVOKED', revocationReason: reasons[winner] });
      expect([true, { code: 'INVALID_TRANSITION' }]).toContainEqual(status);
      updates.set(id, status === true ? 2 : 1);
    });
    const historyOf = await historiesOf(database);
    for (const [id, count] of updates) expect(historyOf(`CERTIFICATE ${id}`).kinds).toHaveLength(1 + count);
  });

  test('a revocation changes the agents that createAgent registered before the revocation, and no later agents', async () => {
    const { database, db, other } = await openTwice();
    const outcomes = new Map<unknown, readonly string[]>();
    await everyRound(async (round) => {
      const certificateId = await createCertificate(db, { id: `c${round}` });
      const create = (place: number) => () =>
        other.createAgent(agentInput({ id: `a${round}.${place}`, certificateId }), { allowRevokedCertificate: true });
      const revoke = () => db.certificates.revoke(certificateId, { reason: 'keyCompromise', agents: 'revoke' });
      const [one, revoked, two] = await race(round, create(0), revoke, create(1));
      expect([one, two]).toEqual([`a${round}.0`, `a${round}.1`]);
      if (revoked === null || 'code' in revoked) throw new Error(`Not revoked: ${JSON.stringify(revoked)}`);
      expect(revoked.revoked).toBe(true);
      outcomes.set(certificateId, revoked.agents);
    });
    const historyOf = await historiesOf(database);
    const agents = await rawRows(database, 'agents');
    expect(agents).toHaveLength(2 * rounds);
    const ways = new Set<boolean>();
    for (const { id, status, certificate_id: certificateId } of agents) {
      const isRevoked = outcomes.get(certificateId)?.includes(String(id)) ?? false;
      expect(status).toBe(isRevoked ? 'REVOKED' : 'ACTIVE');
      const { kinds, positions } = historyOf(`AGENT ${String(id)}`);
      expect(kinds).toEqual(isRevoked ? ['CREATED', 'UPDATED'] : ['CREATED']);
      const revocation = historyOf(`CERTIFICATE ${String(certificateId)}`).positions[1] ?? NaN;
      expect((positions[0] ?? NaN) < revocation).toBe(isRevoked);
      ways.add(isRevoked);
    }
    expectBothWays(ways);
  });

  test('a revocation changes an agent only if updateAgent stored the certificate before the revocation', async () => {
    const { database, db, other } = await openTwice();
    const elsewhere = await createCertificate(db, { id: 'elsewhere' });
    const ways = new Map<number, boolean>();
    await everyRound(async (round) => {
      const certificateId = await createCertificate(db, { id: `c${round}` });
      const id = await createAgent(db, { id: `a${round}`, certificateId: elsewhere });
      const [revoked, updated] = await race(
        round,
        () => db.certificates.revoke(certificateId, { reason: 'keyCompromise', agents: 'suspend' }),
        () => other.updateAgent({ id, certificateId }, { allowRevokedCertificate: true }),
      );
      expect(updated).toBe(true);
      const isSuspended = (await db.getAgent(id))?.status === 'SUSPENDED';
      expect(revoked).toEqual({ revoked: true, agents: isSuspended ? [id] : [] });
      ways.set(round, isSuspended);
    });
    const historyOf = await historiesOf(database);
    for (const [round, isSuspended] of ways) {
      const [, given = NaN, suspension = Infinity] = historyOf(`AGENT a${round}`).positions;
      const [, revocation = NaN] = historyOf(`CERTIFICATE c${round}`).positions;
      expect([given < revocation, suspension < Infinity]).toEqual([isSuspended, isSuspended]);
    }
    expectBothWays(new Set(ways.values()));
  });
});

// On SQLite no other call can write while a transaction is open.
describeOn('postgresql', 'a revocation during an open transaction', () => {
  test('a revocation waits for an open transaction and revokes the agent that this transaction registers', async () => {
    const { db, options } = await openTestDatabase();
    const certificateId = await createCertificate(db, { id: 'c' });
    const writer = await connectRaw(options.url);
    afterTest(() => writer.end());
    await writer.query('BEGIN');
    await writer.query(`INSERT INTO agents (id, name, name_folded, public_key, certificate_id, version, version_key,
        created_at, updated_at, expires_at, status, owner)
      VALUES ('a', 'n', 'n', 'k', 'c', '1', NULL, now(), now(), now(), 'ACTIVE', 'o')`);
    const revocation = db.certificates.revoke(certificateId, { reason: 'keyCompromise', agents: 'revoke' });
    const waiting = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    for (;;) {
      const { rows } = await writer.query<{ n: number }>(`${waiting} AND datname = current_database()`);
      if (rows[0]?.n === 1) break;
    }
    await writer.query('COMMIT');
    expect(await revocation).toEqual({ revoked: true, agents: ['a'] });
    expect(await db.getAgent('a')).toMatchObject({ status: 'REVOKED' });
  });
});

type Attach = (db: DatabaseService, id: string, certificateId: string) => Promise<unknown>;

/**
 * Calls that attach the agent `id` to a certificate. `isNew` is true when the call creates the agent; otherwise the
 * agent exists and has another certificate.
 */
const attachments: readonly (readonly [name: string, isNew: boolean, attach: Attach])[] = [
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

test.each(attachments)('%s never gives an agent a certificate that is already revoked', async (_, isNew, attach) => {
  const { database, db, other } = await openTwice();
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
      const isRefused = isRefusal(outcome);
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
