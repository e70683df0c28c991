import { join } from 'node:path';
import { DatabaseService, type CertificateStatus, type DatabaseError } from '../../src';
import { onPostgresql } from '../support/engine';
import { agentInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { whileWorking } from '../support/race';
import { afterTest, databaseKinds, openTestDatabase } from '../support/test-database';
import { nextLine, startProcess } from '../support/child-process';

/** Returns the number of calls by outcome: ok, or the code of the error. */
async function tally(calls: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const outcome of await Promise.allSettled(calls)) {
    const key = outcome.status === 'fulfilled' ? 'ok' : (outcome.reason as DatabaseError).code;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

const fifty = Array.from({ length: 50 }, (_, index) => index);

describe.each(databaseKinds)('fifty concurrent callers on %s', (_name, options) => {
  test('create one agent with an id, and 49 calls fail with ALREADY_EXISTS', async () => {
    const { db } = await openTestDatabase(options);
    const certificateId = await createCertificate(db);
    const create = (index: number) => db.createAgent(agentInput({ id: 'same', certificateId, name: `Agent ${index}` }));
    expect(await tally(fifty.map(create))).toEqual({ ok: 1, ALREADY_EXISTS: 49 });
    expect(await db.queryAgents({})).toHaveLength(1);
  });

  test('create one certificate or event with an id or fingerprint, and 49 calls fail with ALREADY_EXISTS', async () => {
    const { db } = await openTestDatabase(options);
    expect(await tally(fifty.map(() => createCertificate(db, { id: 'same' })))).toEqual({ ok: 1, ALREADY_EXISTS: 49 });
    const writings = ['AA:BB', 'aabb', 'AABB', 'aa:Bb'];
    const create = (index: number) => createCertificate(db, { fingerprint: writings[index % writings.length] ?? '' });
    expect(await tally(fifty.map(create))).toEqual({ ok: 1, ALREADY_EXISTS: 49 });
    const record = () => db.recordSecurityEvent(eventInput({ id: 'same' }));
    expect(await tally(fifty.map(record))).toEqual({ ok: 1, ALREADY_EXISTS: 49 });
  });

  test('all create agents that have the same new capabilities', async () => {
    const { db } = await openTestDatabase(options);
    const certificateId = await createCertificate(db);
    const capabilities = ['one', 'two', 'three'];
    const create = (index: number) => db.createAgent(agentInput({ id: `a${index}`, certificateId, capabilities }));
    expect(await tally(fifty.map(create))).toEqual({ ok: 50 });
    const found = await db.queryAgents({ capabilities, allCapabilities: true });
    expect(found).toHaveLength(50);
    expect(found[0]?.capabilities).toEqual(['one', 'three', 'two']);
  });

  test('update, delete and create an agent, and a read returns all of its parts or none', async () => {
    const { db } = await openTestDatabase(options);
    const certificateId = await createCertificate(db);
    const version = (index: number) => ({
      id: 'same',
      capabilities: [`c${index}`, 'shared'],
      metadata: { version: index },
      endpoints: [{ id: `e${index}`, protocol: 'p', address: `${index}`, port: 1 }],
      description: `${index}`,
    });
    const calls = fifty.map((index) => {
      if (index % 5 === 0) return db.deleteAgent('same');
      if (index % 5 === 1) return db.createAgent(agentInput({ ...version(index), certificateId }));
      return db.updateAgent(version(index));
    });
    const { ok = 0, ALREADY_EXISTS: refused = 0 } = await whileWorking(tally(calls), async () => {
      const agent = await db.getAgent('same');
      expect(agent === null || isWhole(agent)).toBe(true);
    });
    // A creation fails when the agent that an earlier call created still exists.
    expect(ok + refused).toBe(50);
    expect(refused).toBeLessThanOrEqual(10);
    // SQLite runs the calls in order. The last call is an update, and the creation before it ensures that the agent
    // exists.
    if (!onPostgresql) expect(await db.getAgent('same')).toMatchObject({ description: '49' });
  });

  test('never overwrite the revocation of a certificate', async () => {
    const { db } = await openTestDatabase(options);
    const others: readonly CertificateStatus[] = ['VALID', 'SUSPENDED', 'EXPIRED', 'VALID'];
    for (let round = 0; round < 10; round += 1) {
      const id = await createCertificate(db);
      const calls = others.map((status) => db.updateCertificateStatus(id, status));
      const revocation = db.updateCertificateStatus(id, 'REVOKED');
      const later = others.map((status) => db.updateCertificateStatus(id, status));
      const counts = await tally([...calls, ...later]);
      expect(await revocation).toBe(true);
      expect((counts['ok'] ?? 0) + (counts['INVALID_TRANSITION'] ?? 0)).toBe(8);
      expect(await db.getCertificate(id)).toMatchObject({ status: 'REVOKED', revokedAt: expect.any(Date) as Date });
    }
  });
});

describe('two services of one process on one database', () => {
  test('write alternately, and each one reads the committed changes of the other', async () => {
    const database = await openTestDatabase();
    const second = new DatabaseService(database.options);
    afterTest(() => second.close());
    await second.initialize();
    const calls = fifty.map((index) => createCertificate(index % 2 === 0 ? database.db : second, { id: `c${index}` }));
    expect(await tally(calls)).toEqual({ ok: 50 });
    await database.db.transaction(async (tx) => {
      await tx.updateCertificateStatus('c0', 'REVOKED');
      expect(await second.getCertificate('c0')).toMatchObject({ status: 'VALID' });
    });
    expect(await second.getCertificate('c0')).toMatchObject({ status: 'REVOKED' });
  });
});

describe('two processes on one database', () => {
  test('never overwrite a revocation that the other process has made', async () => {
    const { db, options } = await openTestDatabase({ busyTimeoutMs: 20_000 });
    const ids = Array.from({ length: 30 }, (_, index) => `c${index}`);
    for (const id of ids) await createCertificate(db, { id });
    const other = startProcess(join(__dirname, 'revoking-process.ts'), options.url, ...ids);
    expect(await nextLine(other)).toBe('ready');
    for (const id of ids) {
      const told = nextLine(other);
      expect(await db.updateCertificateStatus(id, 'REVOKED')).toBe(true);
      expect(await told).toBe(`${id} INVALID_TRANSITION`);
      expect(await db.getCertificate(id)).toMatchObject({ status: 'REVOKED' });
    }
    expect(await other.ended).toBe(0);
  }, 60_000);
});

describe('getAgent while another caller updates the agent', () => {
  test('returns fields, endpoints and metadata that the same update has written', async () => {
    const { db } = await openTestDatabase();
    const id = await createAgent(db, { description: '0', metadata: { version: 0 } });
    const write = async (): Promise<void> => {
      for (let index = 1; index <= 60; index += 1) {
        const endpoints = [{ id: `e${index}`, protocol: 'p', address: `${index}`, port: 1 }];
        const capabilities = [`c${index}`, 'shared'];
        await db.updateAgent({ id, description: `${index}`, metadata: { version: index }, endpoints, capabilities });
      }
    };
    const seen = new Set<unknown>();
    await whileWorking(write(), async () => {
      const agent = await db.getAgent(id);
      seen.add(agent?.description);
      if (agent?.description !== '0') expect(agent !== null && isWhole(agent)).toBe(true);
    });
    expect(seen.size).toBeGreaterThan(1);
  });
});

/** Reports whether all fields of an agent are of the same version. */
function isWhole(agent: NonNullable<Awaited<ReturnType<DatabaseService['getAgent']>>>): boolean {
  const version = agent.description ?? '';
  return (
    agent.metadata['version'] === Number(version) &&
    agent.endpoints.length === 1 &&
    agent.endpoints[0]?.id === `e${version}` &&
    agent.capabilities.join() === `c${version},shared`
  );
}
