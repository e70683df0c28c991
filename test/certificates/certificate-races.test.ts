import { agentInput, certificateInput, createAgent, createCertificate } from '../support/factories';
import { onPostgresql } from '../support/engine';
import { connectRaw } from '../support/raw-client';
import { rawRows } from '../support/raw-reader';
import { afterTest, openTestDatabase } from '../support/test-database';
import { endOfFeed, feedOf } from './feed';
import { openTwice, race, raceTimeout, rounds, type SharedDatabase } from './race';

const everyRound = Array.from({ length: rounds }, (_, round) => round);
const over = new Date(0);

/** Where in the feed each change stands that was made after a sequence number. */
async function positionsOf(database: SharedDatabase, after = 0): Promise<Map<string, number>> {
  return new Map((await feedOf(database, after)).map((change, position) => [change, position]));
}

describe('A race of two services on one database', () => {
  test(
    'revoke against expireDue: the revocation is kept, and both count what they have done',
    async () => {
      const database = await openTwice();
      const { db, other } = database;
      let expiries = 0;
      for (const round of everyRound) {
        const id = await createCertificate(db, { id: `c${round}`, notAfter: over });
        const revoke = () => db.certificates.revoke(id, { reason: 'superseded', agents: 'keep' });
        const [revoked, expired] = await race(round, revoke, () => other.certificates.expireDue());
        expect(revoked).toEqual({ revoked: true, agents: [] });
        expect(await db.getCertificate(id)).toMatchObject({ status: 'REVOKED', revocationReason: 'superseded' });
        expiries += Number(expired);
      }
      expect(await feedOf(database)).toHaveLength(2 * rounds + expiries);
    },
    raceTimeout,
  );

  test(
    'revoke against updateStatus and another revoke: one revocation, and nothing after it',
    async () => {
      const database = await openTwice();
      const { db, other } = database;
      let changes = 0;
      for (const round of everyRound) {
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
        changes += status === true ? 2 : 1;
      }
      expect(await feedOf(database)).toHaveLength(rounds + changes);
    },
    raceTimeout,
  );

  test(
    'revoke against createAgent: an agent that holds the certificate is revoked, or came after the revocation',
    async () => {
      const database = await openTwice();
      const { db, other } = database;
      const outcomes = new Map<string, readonly string[]>();
      for (const round of everyRound) {
        const certificateId = await createCertificate(db, { id: `c${round}` });
        const create = (place: number) => () =>
          other.createAgent(agentInput({ id: `a${round}.${place}`, certificateId }));
        const revoke = () => db.certificates.revoke(certificateId, { reason: 'keyCompromise', agents: 'revoke' });
        const [created, revoked] = await race(round, create(0), revoke, create(1));
        expect(created).toBe(`a${round}.0`);
        if (revoked === null || 'code' in revoked) throw new Error(`Not revoked: ${JSON.stringify(revoked)}`);
        expect(revoked.revoked).toBe(true);
        outcomes.set(certificateId, revoked.agents);
      }
      const positions = await positionsOf(database);
      const agents = await rawRows(database, 'agents');
      expect(agents).toHaveLength(2 * rounds);
      for (const { id, status, certificate_id: certificateId } of agents) {
        const isRevoked = outcomes.get(String(certificateId))?.includes(String(id)) ?? false;
        expect(status).toBe(isRevoked ? 'REVOKED' : 'ACTIVE');
        const created = positions.get(`AGENT ${String(id)} CREATED`) ?? NaN;
        const revocation = positions.get(`CERTIFICATE ${String(certificateId)} UPDATED`) ?? NaN;
        expect(created < revocation).toBe(isRevoked);
        expect(positions.has(`AGENT ${String(id)} UPDATED`)).toBe(isRevoked);
      }
    },
    raceTimeout,
  );

  test(
    'revoke against an agent that is given the certificate: it is revoked, or came after the revocation',
    async () => {
      const database = await openTwice();
      const { db, other } = database;
      const elsewhere = await createCertificate(db, { id: 'elsewhere' });
      for (const round of everyRound) {
        const certificateId = await createCertificate(db, { id: `c${round}` });
        const id = await createAgent(db, { id: `a${round}`, certificateId: elsewhere });
        const end = await endOfFeed(database);
        const [revoked, updated] = await race(
          round,
          () => db.certificates.revoke(certificateId, { reason: 'keyCompromise', agents: 'suspend' }),
          () => other.updateAgent({ id, certificateId }),
        );
        expect(updated).toBe(true);
        const isSuspended = (await db.getAgent(id))?.status === 'SUSPENDED';
        expect(revoked).toEqual({ revoked: true, agents: isSuspended ? [id] : [] });
        const [given, revocation] = [`AGENT ${id} UPDATED`, `CERTIFICATE ${certificateId} UPDATED`];
        expect(await feedOf(database, end)).toEqual(isSuspended ? [given, revocation, given] : [revocation, given]);
      }
    },
    raceTimeout,
  );

  test(
    'rotate against update and createAgent: nothing of them is lost, and who held the old one then holds the new one',
    async () => {
      const database = await openTwice();
      const { db, other } = database;
      for (const round of everyRound) {
        const [oldId, newId] = [await createCertificate(db, { id: `old${round}` }), `new${round}`];
        const id = await createAgent(db, { id: `a${round}`, certificateId: oldId, name: 'before' });
        const lateId = `late${round}`;
        const end = await endOfFeed(database);
        const outcomes = await race(
          round,
          () => db.certificates.rotate(oldId, certificateInput({ id: newId })),
          () => other.updateAgent({ id, name: 'after', metadata: { round } }),
          () => other.createAgent(agentInput({ id: lateId, certificateId: oldId })),
        );
        expect(outcomes).toEqual([newId, true, lateId]);
        expect(await db.getAgent(id)).toMatchObject({ certificateId: newId, name: 'after', metadata: { round } });
        expect(await db.getCertificate(oldId)).toMatchObject({ replacedBy: newId });
        const positions = await positionsOf(database, end);
        const came = positions.get(`AGENT ${lateId} CREATED`) ?? NaN;
        const wasThere = came < (positions.get(`CERTIFICATE ${oldId} UPDATED`) ?? NaN);
        expect(await db.getAgent(lateId)).toMatchObject({ certificateId: wasThere ? newId : oldId });
      }
    },
    raceTimeout,
  );

  test(
    'rotate against rotate and revoke: one successor, and the revocation stays',
    async () => {
      const database = await openTwice();
      const { db, other } = database;
      for (const round of everyRound) {
        const oldId = await createCertificate(db, { id: `old${round}` });
        const agentId = await createAgent(db, { certificateId: oldId });
        const [first, second, revoked] = await race(
          round,
          () => db.certificates.rotate(oldId, certificateInput()),
          () => other.certificates.rotate(oldId, certificateInput()),
          () => db.certificates.revoke(oldId, { reason: 'superseded', agents: 'revoke' }),
        );
        const isFirst = typeof first === 'string';
        expect([first, second][isFirst ? 1 : 0]).toEqual({ code: 'CONFLICT' });
        const replacedBy = isFirst ? first : second;
        expect(await db.getCertificate(oldId)).toMatchObject({ status: 'REVOKED', replacedBy });
        const agent = await db.getAgent(agentId);
        expect(agent?.certificateId).toBe(replacedBy);
        expect(revoked).toEqual({ revoked: true, agents: agent?.status === 'REVOKED' ? [agentId] : [] });
      }
      expect(await rawRows(database, 'certificates')).toHaveLength(2 * rounds);
    },
    raceTimeout,
  );

  test(
    'delete against createAgent: an agent whose certificate is there, or none',
    async () => {
      const database = await openTwice();
      const { db, other } = database;
      for (const round of everyRound) {
        const certificateId = await createCertificate(db, { id: `c${round}`, metadata: { round } });
        const id = `a${round}`;
        const [deleted, created] = await race(
          round,
          () => db.certificates.delete(certificateId),
          () => other.createAgent(agentInput({ id, certificateId })),
        );
        const isHeld = created === id;
        expect([deleted, created]).toEqual(
          isHeld ? [{ code: 'STILL_REFERENCED' }, id] : [true, { code: 'REFERENCE_NOT_FOUND' }],
        );
        expect((await db.getCertificate(certificateId)) !== null).toBe(isHeld);
        expect((await db.getAgent(id)) !== null).toBe(isHeld);
      }
    },
    raceTimeout,
  );

  test(
    'delete of a successor against rotate to another and updateStatus: all of each, or nothing of it',
    async () => {
      const database = await openTwice();
      const { db, other } = database;
      for (const round of everyRound) {
        const newId = await createCertificate(db, { id: `new${round}` });
        const oldId = await createCertificate(db, { id: `old${round}`, replacedBy: newId });
        const [deleted, status, rotated] = await race(
          round,
          () => db.certificates.delete(newId),
          () => other.updateCertificateStatus(newId, 'SUSPENDED'),
          () => other.certificates.rotate(oldId, certificateInput({ id: `third${round}` })),
        );
        expect(deleted).toBe(true);
        expect([true, false]).toContainEqual(status);
        expect([`third${round}`, { code: 'CONFLICT' }]).toContainEqual(rotated);
        const { replacedBy } = (await db.getCertificate(oldId)) ?? {};
        expect(replacedBy).toBe(typeof rotated === 'string' ? rotated : undefined);
      }
    },
    raceTimeout,
  );
});

// On SQLite nobody else writes while a transaction is open.
(onPostgresql ? describe : describe.skip)('A revocation', () => {
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
