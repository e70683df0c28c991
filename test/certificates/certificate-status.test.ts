import { RevocationReason, type AgentStatus, type CertificateStatus, type DatabaseService } from '../../src';
import { unstorableTimes, valuesBut } from '../support/bad-values';
import { callUntyped, expectRefused } from '../support/expect-error';
import { agentIds, createAgent, createAgents, createCertificate } from '../support/factories';
import { allRawRows } from '../support/raw-reader';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';
import { newsOf } from './feed';

const now = Date.parse('2026-06-01T12:00:00.007Z');
const long = new Date(now - 1_000_000);
let time = now;

const shared = shareTestDatabase({ now: () => time }, ({ db }) => createCertificate(db, { id: 'known' }));

beforeEach(() => {
  time = now;
});

describe('updateCertificateStatus', () => {
  const statuses: readonly CertificateStatus[] = ['VALID', 'SUSPENDED', 'EXPIRED', 'REVOKED'];
  const transitions = statuses.flatMap((from) => statuses.map((to) => [from, to] as const));

  test('Update certificate status with valid ID succeeds', async () => {
    const { db } = shared();
    const id = await createCertificate(db, { metadata: { a: 1 } });
    const agentId = await createAgent(db, { certificateId: id });
    const [before, agent] = [await db.getCertificate(id), await db.getAgent(agentId)];
    const other = await db.getCertificate('known');
    const update = async () => expect(await db.updateCertificateStatus(id, 'SUSPENDED')).toBe(true);
    expect(await newsOf(shared(), update)).toEqual([`CERTIFICATE ${id} UPDATED`]);
    expect(await db.getCertificate(id)).toStrictEqual({ ...before, status: 'SUSPENDED' });
    expect(await db.certificates.updateStatus(id, 'REVOKED')).toBe(true);
    expect(await db.getCertificate(id)).toStrictEqual({ ...before, status: 'REVOKED', revokedAt: new Date(now) });
    expect(await db.getAgent(agentId)).toStrictEqual(agent);
    expect(await db.getCertificate('known')).toStrictEqual(other);
  });

  test('Update certificate status with non-existent ID fails', async () => {
    const before = await allRawRows(shared());
    for (const status of statuses) expect(await shared().db.updateCertificateStatus('unknown', status)).toBe(false);
    expect(await allRawRows(shared())).toEqual(before);
  });

  test.each(transitions.filter(([from]) => from !== 'REVOKED'))(
    'updateCertificateStatus changes the status %s to %s',
    async (from, to) => {
      const { db } = shared();
      const id = await createCertificate(db, { status: from });
      expect(await db.updateCertificateStatus(id, to)).toBe(true);
      expect((await db.getCertificate(id))?.status).toBe(to);
    },
  );

  test.each(statuses.filter((to) => to !== 'REVOKED'))(
    'updateCertificateStatus refuses to change REVOKED to %s',
    async (to) => {
      const id = await createCertificate(shared().db, { status: 'REVOKED' });
      const update = () => shared().db.updateCertificateStatus(id, to);
      const error = await expectRefused(shared(), 'INVALID_TRANSITION', update);
      expect(error).toMatchObject({ entity: 'certificate', field: 'status', operation: 'certificates.updateStatus' });
    },
  );

  test.each(statuses)(
    'updateCertificateStatus returns true and writes nothing when the certificate already has the status %s',
    async (status) => {
      const { db } = shared();
      const id = await createCertificate(db);
      await db.updateCertificateStatus(id, status);
      const before = await allRawRows(shared());
      time += 1000;
      expect(await db.updateCertificateStatus(id, status)).toBe(true);
      expect(await allRawRows(shared())).toEqual(before);
    },
  );

  test.each([...valuesBut(), ['an empty text', ''] as const, ['another case', 'revoked'] as const])(
    'updateCertificateStatus refuses %s as a status',
    async (_, status) => {
      const update = () => callUntyped(shared().db, 'updateCertificateStatus', 'known', status);
      expect((await expectRefused(shared(), 'INVALID_INPUT', update)).field).toBe('status');
    },
  );
});

describe('certificates.revoke', () => {
  const statuses: readonly AgentStatus[] = ['ACTIVE', 'DEPRECATED', 'EXPIRED', 'REVOKED', 'SUSPENDED'];

  /** Creates the certificate `c`, an agent of each status that holds it, and the agent `other`, which does not. */
  async function fill(db: DatabaseService): Promise<void> {
    await createCertificate(db, { id: 'c', metadata: { a: 1 } });
    for (const status of statuses) await createAgent(db, { id: status, certificateId: 'c', status, updatedAt: long });
    await createAgent(db, { id: 'other', updatedAt: long });
  }

  test.each<['keep' | 'suspend' | 'revoke', AgentStatus, AgentStatus[]]>([
    ['keep', 'ACTIVE', []],
    ['suspend', 'SUSPENDED', ['ACTIVE', 'DEPRECATED']],
    ['revoke', 'REVOKED', ['ACTIVE', 'DEPRECATED', 'EXPIRED', 'SUSPENDED']],
  ])('certificates.revoke with agents: %s gives the status %s to the agents %j', async (agents, status, ids) => {
    const { db, ...database } = await openTestDatabase({ now: () => now });
    await fill(db);
    const [certificate, before] = [await db.getCertificate('c'), await db.queryAgents({ orderBy: 'id' })];
    const news = await newsOf(database, async () => {
      const outcome = await db.certificates.revoke('c', { reason: 'keyCompromise', agents });
      expect(outcome).toStrictEqual({ revoked: true, agents: ids });
    });
    const revocation = { status: 'REVOKED', revokedAt: new Date(now), revocationReason: 'keyCompromise' };
    expect(await db.getCertificate('c')).toStrictEqual({ ...certificate, ...revocation });
    const changed = { status, updatedAt: new Date(now) };
    expect(await db.queryAgents({ orderBy: 'id' })).toStrictEqual(
      before.map((agent) => (ids.some((id) => id === agent.id) ? { ...agent, ...changed } : agent)),
    );
    expect(news).toEqual(['CERTIFICATE c UPDATED', ...ids.map((id) => `AGENT ${id} UPDATED`)]);
  });

  test('certificates.revoke returns the ids of the changed agents sorted by code point', async () => {
    const { db } = shared();
    const certificateId = await createCertificate(db);
    await createAgents(db, ['😀', 'b', '\uFFFD', 'B', 'é'], () => ({ certificateId }));
    const outcome = await db.certificates.revoke(certificateId, { reason: 'unspecified', agents: 'revoke' });
    expect(outcome?.agents).toEqual(['B', 'b', 'é', '\uFFFD', '😀']);
  });

  test('certificates.revoke returns null and writes nothing when the certificate does not exist', async () => {
    const before = await allRawRows(shared());
    for (const agents of ['keep', 'suspend', 'revoke'] as const) {
      expect(await shared().db.certificates.revoke('unknown', { reason: 'unspecified', agents })).toBeNull();
    }
    expect(await allRawRows(shared())).toEqual(before);
  });

  test.each<[string, (db: DatabaseService, id: string) => Promise<unknown>]>([
    ['revoke', (db, id) => db.certificates.revoke(id, { reason: 'keyCompromise', agents: 'keep' })],
    ['updateCertificateStatus', (db, id) => db.updateCertificateStatus(id, 'REVOKED')],
  ])('certificates.revoke changes nothing when %s has already revoked the certificate', async (_, revoke) => {
    const { db } = shared();
    const id = await createCertificate(db);
    await createAgent(db, { certificateId: id });
    await revoke(db, id);
    const before = await allRawRows(shared());
    time += 1000;
    for (const agents of ['keep', 'suspend', 'revoke'] as const) {
      const outcome = await db.certificates.revoke(id, { reason: 'superseded', agents });
      expect(outcome).toStrictEqual({ revoked: false, agents: [] });
    }
    expect(await allRawRows(shared())).toEqual(before);
  });

  test.each(['SUSPENDED', 'EXPIRED'] as const)(
    'certificates.revoke revokes a %s certificate and stores the given time',
    async (status) => {
      const { db } = shared();
      const id = await createCertificate(db, { status });
      const agentId = await createAgent(db, { certificateId: id, updatedAt: long });
      const revokedAt = new Date('0001-01-01T00:00:00.001Z');
      const outcome = await db.certificates.revoke(id, { reason: 'unspecified', revokedAt, agents: 'revoke' });
      expect(outcome).toEqual({ revoked: true, agents: [agentId] });
      expect(await db.getCertificate(id)).toMatchObject({ status: 'REVOKED', revokedAt });
      expect(await db.getAgent(agentId)).toMatchObject({ updatedAt: new Date(now) });
    },
  );

  test('certificates.revoke accepts the reasons of RFC 5280, section 5.3.1', async () => {
    const { db } = shared();
    const reasons = Object.values(RevocationReason);
    expect(reasons.sort()).toEqual([
      ...['aACompromise', 'affiliationChanged', 'cACompromise', 'certificateHold', 'cessationOfOperation'],
      ...['keyCompromise', 'privilegeWithdrawn', 'removeFromCRL', 'superseded', 'unspecified'],
    ]);
    for (const reason of reasons) {
      const id = await createCertificate(db);
      expect(await db.certificates.revoke(id, { reason, agents: 'keep' })).toEqual({ revoked: true, agents: [] });
      expect((await db.getCertificate(id))?.revocationReason).toBe(reason);
    }
  });

  test('certificates.revoke changes a thousand agents with at most five statements', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    await createAgents(db, agentIds(1000), () => ({ certificateId }));
    const statements = await statementsOf(async () => {
      const outcome = await db.certificates.revoke(certificateId, { reason: 'unspecified', agents: 'revoke' });
      expect(outcome?.agents).toHaveLength(1000);
    });
    expect(statements.length).toBeLessThanOrEqual(5);
  });

  const right = { reason: 'unspecified', agents: 'keep' };

  test.each<[title: string, options: unknown, field: string]>([
    ...valuesBut('object').map(([kind, value]) => [`${kind} as options`, value, 'options'] as const),
    ...valuesBut().map(([kind, value]) => [`${kind} as a reason`, { ...right, reason: value }, 'reason'] as const),
    ...valuesBut().map(([kind, value]) => [`${kind} as agents`, { ...right, agents: value }, 'agents'] as const),
    ...unstorableTimes.map(
      ([kind, value]) => [`${kind} as a time`, { ...right, revokedAt: value }, 'revokedAt'] as const,
    ),
    ['a reason in another spelling', { ...right, reason: 'KEY_COMPROMISE' }, 'reason'],
    ['the name of an inherited property as a reason', { ...right, reason: 'constructor' }, 'reason'],
    ['an unknown value of agents', { ...right, agents: 'delete' }, 'agents'],
    ['an unknown field', { ...right, at: new Date(0) }, 'options'],
    ['options without a reason', { agents: 'keep' }, 'reason'],
    ['options without agents', { reason: 'unspecified' }, 'agents'],
  ] as [string, unknown, string][])('certificates.revoke refuses %s', async (_, options, field) => {
    const revoke = () => callUntyped(shared().db.certificates, 'revoke', 'known', options);
    const error = await expectRefused(shared(), 'INVALID_INPUT', revoke);
    expect(error).toMatchObject({ field, operation: 'certificates.revoke', retryable: false });
    expect(error.message).toMatch(/^Failed to revoke certificate: /);
  });
});
