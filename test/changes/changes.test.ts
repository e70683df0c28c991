import type { Change } from '../../src';
import { openBeside } from '../support/race';
import { expectError } from '../support/expect-error';
import {
  agentIds,
  agentInput,
  certificateInput,
  createAgent,
  createAgents,
  createCertificate,
  eventInput,
} from '../support/factories';
import { callMethod } from '../support/public-calls';
import { openTestDatabase, shareTestDatabase } from '../support/test-database';

function textsOf(changes: readonly Change[]): string[] {
  return changes.map(({ kind, entity, id }) => `${kind} ${entity} ${id}`);
}

describe('changes', () => {
  test('db.changes returns every change of an agent or a certificate in commit order', async () => {
    const now = new Date('2026-06-01T00:00:00.001Z');
    const { db } = await openTestDatabase({ now: () => now.getTime() });
    await createCertificate(db, { id: 'c' });
    await createAgent(db, { id: 'a', certificateId: 'c' });
    await db.updateAgent({ id: 'a', name: 'New' });
    await db.deleteAgent('a');
    await db.updateCertificateStatus('c', 'REVOKED');
    await db.recordSecurityEvent(eventInput());
    const changes = await db.changes();
    expect(textsOf(changes)).toEqual([
      ...['CREATED certificate c', 'CREATED agent a', 'UPDATED agent a', 'DELETED agent a', 'UPDATED certificate c'],
    ]);
    for (const [index, change] of changes.entries()) {
      expect(change.sequence).toBeGreaterThan(changes[index - 1]?.sequence ?? 0);
    }
    expect(changes[2]?.changedAt).toEqual(now);
  });

  test('db.changes returns the changes of a transaction after its commit, and omits those of failed calls', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const before = await db.changes();
    await db.transaction(async (tx) => {
      await tx.createAgent(agentInput({ id: 'a', certificateId }));
      expect(await db.changes()).toEqual(before);
      await tx.createAgent(agentInput({ id: 'a', certificateId })).catch(() => undefined);
      await tx.updateAgent({ id: 'a', name: 'New' });
      expect(await db.changes()).toEqual(before);
    });
    expect(textsOf((await db.changes()).slice(before.length))).toEqual(['CREATED agent a', 'UPDATED agent a']);
  });

  test('db.changes returns at most `limit` changes after a sequence number', async () => {
    const { db } = await openTestDatabase();
    await createAgents(db, agentIds(5));
    const all = await db.changes();
    expect(all).toHaveLength(6);
    expect(await db.changes({ limit: 2 })).toEqual(all.slice(0, 2));
    expect(await db.changes({ after: all[1]?.sequence, limit: 2 })).toEqual(all.slice(2, 4));
    expect(await db.changes({ after: all.at(-1)?.sequence })).toEqual([]);
  });
});

describe('followChanges', () => {
  test('followChanges yields existing changes, then each new change after its commit, until the signal is aborted', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const end = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const change of db.followChanges({ pollMs: 5, signal: end.signal })) {
        seen.push(change.id);
        if (change.id === 'a4') end.abort();
      }
    })();
    for (let index = 0; index < 5; index += 1) await createAgent(db, { id: `a${index}`, certificateId });
    await following;
    expect(seen).toEqual([certificateId, 'a0', 'a1', 'a2', 'a3', 'a4']);
  });

  test('followChanges ends after the last of 2,101 changes when pollMs is 0', async () => {
    const { db } = await openTestDatabase();
    await createAgents(db, agentIds(2100));
    let count = 0;
    for await (const change of db.followChanges({ pollMs: 0 })) count += change.sequence > 0 ? 1 : 0;
    expect(count).toBe(2101);
  });
});

describe('The change feed', () => {
  const shared = shareTestDatabase();

  test.each<[method: string, options: unknown]>([
    ...[{ after: -1 }, { after: 1.5 }, { limit: 0 }, { limit: 10_001 }, { unknown: 1 }, null].map((options) => {
      return ['changes', options] as [string, unknown];
    }),
    ['followChanges', { after: -1 }],
    ['followChanges', { pollMs: -1 }],
    ['followChanges', { unknown: 1 }],
    ['followChanges', { signal: 5 }],
    ['pruneChanges', {}],
    ['pruneChanges', { before: 5 }],
    ['pruneChanges', { before: new Date(0), batchSize: 0 }],
    ['pruneChanges', undefined],
  ])('the call %s fails with INVALID_INPUT for the arguments %j', async (method, options) => {
    await expectError('INVALID_INPUT', () => callMethod(shared().db, method, [options]));
  });

  test('the change feed lists each change after all earlier acknowledged changes while several services write', async () => {
    const { db, ...database } = await openTestDatabase();
    const services = [db, await openBeside(database), await openBeside(database)];
    await createCertificate(db, { id: 'noise' });
    const chain: string[] = [];
    let isOver = false;
    const noise = services.map(async (service, writer) => {
      for (let round = 0; !isOver; round += 1) {
        const agent = agentInput({ id: `n${writer}.${round}`, certificateId: 'noise' });
        if (round % 2 === 0) await service.createAgent(agent);
        else await service.transaction((tx) => tx.createAgent(agent));
      }
    });
    for (let step = 0; step < 15; step += 1) {
      // Each certificate is created by another service, after the creation of the previous one was acknowledged.
      const service = services[step % 3] ?? db;
      const certificate = certificateInput({ id: `c${step}` });
      if (step % 2 === 0) chain.push(await service.createCertificate(certificate));
      else chain.push(await service.transaction((tx) => tx.createCertificate(certificate)));
    }
    isOver = true;
    await Promise.all(noise);
    const changes = await db.changes({ limit: 10_000 });
    const certificates = changes.filter(({ entity }) => entity === 'certificate').map(({ id }) => id);
    expect(certificates).toEqual(['noise', ...chain]);
    const sequences = changes.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].sort((first, second) => first - second));
  });
});
