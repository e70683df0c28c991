import { agentInput, createAgent, createCertificate } from '../support/factories';
import { connectRaw } from '../support/raw-client';
import { rawRows } from '../support/raw-reader';
import { describeOn } from '../support/skip';
import { afterTest, openTestDatabase } from '../support/test-database';
import { everyRound, expectBothWays, historiesOf, openTwice, race, rounds } from './race';

const over = new Date(0);

describe('A revocation that races', () => {
  test('expireDue is kept, and both count what they have done', async () => {
    const database = await openTwice();
    const { db, other } = database;
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

  test('expireDue of the agents that it suspends leaves each either expired or suspended, and is told which', async () => {
    const database = await openTwice();
    const { db, other } = database;
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

  test('expireDue of an agent is kept', async () => {
    const database = await openTwice();
    const { db, other } = database;
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

  test('updateStatus and another revocation is one, and nothing comes after it', async () => {
    const database = await openTwice();
    const { db, other } = database;
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
      const winner = [first, second].findIndex(
        (outcome) => outcome !== null && 'revoked' in outcome && outcome.revoked,
      );
      expect([first, second][1 - winner]).toEqual({ revoked: false, agents: [] });
      const certificate = await db.getCertificate(id);
      expect(certificate).toMatchObject({ status: 'REVOKED', revocationReason: reasons[winner] });
      expect([true, { code: 'INVALID_TRANSITION' }]).toContainEqual(status);
      updates.set(id, status === true ? 2 : 1);
    });
    const historyOf = await historiesOf(database);
    for (const [id, count] of updates) expect(historyOf(`CERTIFICATE ${id}`).kinds).toHaveLength(1 + count);
  });

  test('createAgent takes along an agent that holds the certificate, unless that one came after it', async () => {
    const database = await openTwice();
    const { db, other } = database;
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

  test('an agent that is given the certificate takes it along, unless that one came after it', async () => {
    const database = await openTwice();
    const { db, other } = database;
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

// On SQLite nobody else writes while a transaction is open.
describeOn('postgresql', 'A revocation', () => {
  test('waits for an agent that is about to be registered with the certificate, and takes it along', async () => {
    const database = await openTestDatabase();
    const { db, options } = database;
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
