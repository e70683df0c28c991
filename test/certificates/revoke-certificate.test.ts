import { RevocationReason, type AgentStatus, type DatabaseService } from '../../src';
import { unstorableTexts, unstorableTimes, valuesBut } from '../support/bad-values';
import { callUntyped, expectRefused } from '../support/expect-error';
import { createAgent, createCertificate } from '../support/factories';
import { allRawRows } from '../support/raw-reader';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';
import { newsOf } from './feed';

const now = Date.parse('2026-06-01T12:00:00.007Z');
const long = new Date(now - 1_000_000);
const statuses: readonly AgentStatus[] = ['ACTIVE', 'SUSPENDED', 'DEPRECATED', 'EXPIRED', 'REVOKED'];

/** A certificate `c` that agents of every status hold, each by the id of its status, and one agent of another's. */
async function fill(db: DatabaseService): Promise<void> {
  await createCertificate(db, { id: 'c', metadata: { a: 1 } });
  for (const status of statuses) {
    await createAgent(db, { id: status, certificateId: 'c', status, updatedAt: long, capabilities: ['read'] });
  }
  await createAgent(db, { id: 'other', updatedAt: long });
}

async function agentStatuses(db: DatabaseService): Promise<Record<string, string>> {
  const agents = await db.queryAgents({ orderBy: 'id' });
  return Object.fromEntries(
    agents.map(({ id, status, updatedAt }) => [id, `${status} ${updatedAt.getTime() === now ? 'changed' : 'kept'}`]),
  );
}

const untouched = {
  ACTIVE: 'ACTIVE kept',
  DEPRECATED: 'DEPRECATED kept',
  EXPIRED: 'EXPIRED kept',
  REVOKED: 'REVOKED kept',
  SUSPENDED: 'SUSPENDED kept',
  other: 'ACTIVE kept',
};

describe('revoke', () => {
  test('with agents kept revokes the certificate alone, with reason and time', async () => {
    const database = await openTestDatabase({ now: () => now });
    const { db } = database;
    await fill(db);
    const before = await db.getCertificate('c');
    const news = await newsOf(database, async () => {
      const outcome = await db.certificates.revoke('c', { reason: 'keyCompromise', agents: 'keep' });
      expect(outcome).toStrictEqual({ revoked: true, agents: [] });
    });
    const revocation = { status: 'REVOKED', revokedAt: new Date(now), revocationReason: 'keyCompromise' };
    expect(await db.getCertificate('c')).toStrictEqual({ ...before, ...revocation });
    expect(await agentStatuses(db)).toEqual(untouched);
    expect(news).toEqual(['CERTIFICATE c UPDATED']);
  });

  test('with agents suspended suspends those that are ACTIVE or DEPRECATED', async () => {
    const database = await openTestDatabase({ now: () => now });
    const { db } = database;
    await fill(db);
    const before = await db.getAgent('ACTIVE');
    const news = await newsOf(database, async () => {
      const outcome = await db.certificates.revoke('c', { reason: 'superseded', agents: 'suspend' });
      expect(outcome).toStrictEqual({ revoked: true, agents: ['ACTIVE', 'DEPRECATED'] });
    });
    const changed = { ACTIVE: 'SUSPENDED changed', DEPRECATED: 'SUSPENDED changed' };
    expect(await agentStatuses(db)).toEqual({ ...untouched, ...changed });
    expect(await db.getAgent('ACTIVE')).toStrictEqual({ ...before, status: 'SUSPENDED', updatedAt: new Date(now) });
    expect(news).toEqual(['CERTIFICATE c UPDATED', 'AGENT ACTIVE UPDATED', 'AGENT DEPRECATED UPDATED']);
  });

  test('with agents revoked revokes all that are not', async () => {
    const database = await openTestDatabase({ now: () => now });
    const { db } = database;
    await fill(db);
    const ids = ['ACTIVE', 'DEPRECATED', 'EXPIRED', 'SUSPENDED'];
    const news = await newsOf(database, async () => {
      const outcome = await db.certificates.revoke('c', { reason: 'keyCompromise', agents: 'revoke' });
      expect(outcome).toStrictEqual({ revoked: true, agents: ids });
    });
    const changed = Object.fromEntries(ids.map((id) => [id, 'REVOKED changed']));
    expect(await agentStatuses(db)).toEqual({ ...untouched, ...changed });
    expect(news).toEqual(['CERTIFICATE c UPDATED', ...ids.map((id) => `AGENT ${id} UPDATED`)]);
  });

  test('gives the ids of agents by code point', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    for (const id of ['😀', 'b', '\uFFFD', 'B', 'é']) await createAgent(db, { id, certificateId });
    const outcome = await db.certificates.revoke(certificateId, { reason: 'unspecified', agents: 'revoke' });
    expect(outcome?.agents).toEqual(['B', 'b', 'é', '\uFFFD', '😀']);
  });

  test('answers null for a certificate that is not there, and changes nothing', async () => {
    const database = await openTestDatabase();
    await fill(database.db);
    const before = await allRawRows(database);
    for (const agents of ['keep', 'suspend', 'revoke'] as const) {
      expect(await database.db.certificates.revoke('unknown', { reason: 'unspecified', agents })).toBeNull();
    }
    expect(await allRawRows(database)).toEqual(before);
  });

  test('of a revoked certificate changes nothing: first reason and time stay, and so do its agents', async () => {
    let time = now;
    const database = await openTestDatabase({ now: () => time });
    const { db } = database;
    await fill(db);
    await db.certificates.revoke('c', { reason: 'keyCompromise', agents: 'keep' });
    const before = await allRawRows(database);
    time += 1000;
    for (const agents of ['keep', 'suspend', 'revoke'] as const) {
      const outcome = await db.certificates.revoke('c', { reason: 'superseded', agents });
      expect(outcome).toStrictEqual({ revoked: false, agents: [] });
    }
    expect(await allRawRows(database)).toEqual(before);
  });

  test('of a certificate whose status was set to REVOKED finds it revoked already', async () => {
    const { db } = await openTestDatabase({ now: () => now });
    const id = await createCertificate(db);
    await db.updateCertificateStatus(id, 'REVOKED');
    const outcome = await db.certificates.revoke(id, { reason: 'keyCompromise', agents: 'revoke' });
    expect(outcome).toStrictEqual({ revoked: false, agents: [] });
    expect(await db.getCertificate(id)).not.toHaveProperty('revocationReason');
  });

  test.each(['SUSPENDED', 'EXPIRED'] as const)('takes a certificate that is %s, too', async (status) => {
    const { db } = await openTestDatabase();
    const id = await createCertificate(db, { status });
    expect(await db.certificates.revoke(id, { reason: 'unspecified', agents: 'keep' })).toMatchObject({
      revoked: true,
    });
    expect(await db.getCertificate(id)).toMatchObject({ status: 'REVOKED' });
  });

  test('keeps the time that it is given, and touches the agents now', async () => {
    const { db } = await openTestDatabase({ now: () => now });
    await fill(db);
    const revokedAt = new Date('0001-01-01T00:00:00.001Z');
    await db.certificates.revoke('c', { reason: 'unspecified', revokedAt, agents: 'revoke' });
    expect(await db.getCertificate('c')).toMatchObject({ revokedAt });
    expect(await db.getAgent('ACTIVE')).toMatchObject({ updatedAt: new Date(now) });
  });

  test.each(Object.values(RevocationReason))('takes the reason %s of RFC 5280', async (reason) => {
    const { db } = shared();
    const id = await createCertificate(db);
    await db.certificates.revoke(id, { reason, agents: 'keep' });
    expect(await db.getCertificate(id)).toMatchObject({ revocationReason: reason });
  });

  test('leaves a revoked certificate to its revocation: no status follows', async () => {
    const { db } = await openTestDatabase();
    const id = await createCertificate(db);
    await db.certificates.revoke(id, { reason: 'unspecified', agents: 'keep' });
    await expect(db.updateCertificateStatus(id, 'VALID')).rejects.toMatchObject({ code: 'INVALID_TRANSITION' });
  });

  test('is rolled back with its transaction, agents and feed included', async () => {
    const database = await openTestDatabase();
    const { db } = database;
    await fill(db);
    const before = await allRawRows(database);
    const failing = db.transaction(async (tx) => {
      const outcome = await tx.certificates.revoke('c', { reason: 'unspecified', agents: 'suspend' });
      expect(outcome?.agents).toEqual(['ACTIVE', 'DEPRECATED']);
      expect(await tx.getAgent('ACTIVE')).toMatchObject({ status: 'SUSPENDED' });
      throw new RangeError('enough');
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(await allRawRows(database)).toEqual(before);
  });

  test('touches a thousand agents in a few statements', async () => {
    const { db, statementsOf } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    await db.transaction(async (tx) => {
      for (let index = 0; index < 1000; index += 1) {
        await tx.createAgent({ name: 'n', publicKey: 'k', version: '1', owner: 'o', certificateId, id: `a${index}` });
      }
    });
    const options = { reason: 'unspecified', agents: 'revoke' } as const;
    const statements = await statementsOf(async () => {
      expect((await db.certificates.revoke(certificateId, options))?.agents).toHaveLength(1000);
    });
    expect(statements.length).toBeLessThanOrEqual(5);
  });
});

const shared = shareTestDatabase({}, ({ db }) => createCertificate(db, { id: 'known' }));

describe('revoke refuses', () => {
  const right = { reason: 'unspecified', agents: 'keep' };
  const wrong: (readonly [title: string, options: unknown, field: string])[] = [
    ...valuesBut('object').map(([kind, value]) => [`${kind} for the options`, value, 'options'] as const),
    ...valuesBut().map(([kind, value]) => [`${kind} for a reason`, { ...right, reason: value }, 'reason'] as const),
    ...valuesBut().map(([kind, value]) => [`${kind} for agents`, { ...right, agents: value }, 'agents'] as const),
    ...unstorableTimes.map(
      ([kind, value]) => [`${kind} as a time`, { ...right, revokedAt: value }, 'revokedAt'] as const,
    ),
    ['a reason in another spelling', { ...right, reason: 'KEY_COMPROMISE' }, 'reason'],
    ['a reason that every object has', { ...right, reason: 'constructor' }, 'reason'],
    ['another choice for agents', { ...right, agents: 'delete' }, 'agents'],
    ['an unknown field', { ...right, at: new Date(0) }, 'options'],
    ['no reason', { agents: 'keep' }, 'reason'],
    ['no choice for agents', { reason: 'unspecified' }, 'agents'],
  ];

  test.each(wrong)('%s', async (_, options, field) => {
    const revoke = () => callUntyped(shared().db.certificates, 'revoke', 'known', options);
    const error = await expectRefused(shared(), 'INVALID_INPUT', revoke);
    expect(error).toMatchObject({ field, operation: 'certificates.revoke', retryable: false });
    expect(error.message).toMatch(/^Failed to revoke certificate: /);
  });

  test.each([...valuesBut('text'), ['an empty text', ''] as const, ...unstorableTexts])(
    '%s for an id',
    async (_, id) => {
      for (const [method, rest] of [
        ['revoke', right],
        ['rotate', {}],
        ['delete', undefined],
        ['setMetadata', {}],
      ] as const) {
        const call = () => callUntyped(shared().db.certificates, method, id, rest);
        const error = await expectRefused(shared(), 'INVALID_INPUT', call);
        expect(error.field).toBe(method === 'rotate' ? 'oldId' : 'id');
      }
    },
  );
});
