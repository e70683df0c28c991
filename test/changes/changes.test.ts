import type { Change } from '../../src';
import { agentInput, createAgent, createCertificate, eventInput } from '../support/factories';
import { callUntyped, expectError } from '../support/expect-error';
import { openTestDatabase } from '../support/test-database';

function told(changes: readonly Change[]): string[] {
  return changes.map(({ kind, entity, id }) => `${kind} ${entity} ${id}`);
}

describe('db.changes', () => {
  test('tells of every change of an agent or a certificate, in the order of the commits', async () => {
    const now = new Date('2026-06-01T00:00:00.001Z');
    const { db } = await openTestDatabase({ now: () => now.getTime() });
    await createCertificate(db, { id: 'c' });
    await createAgent(db, { id: 'a', certificateId: 'c' });
    await db.updateAgent({ id: 'a', name: 'New' });
    await db.deleteAgent('a');
    await db.updateCertificateStatus('c', 'REVOKED');
    await db.recordSecurityEvent(eventInput());
    const changes = await db.changes();
    expect(told(changes)).toEqual([
      'CREATED certificate c',
      'CREATED agent a',
      'UPDATED agent a',
      'DELETED agent a',
      'UPDATED certificate c',
    ]);
    for (const [index, change] of changes.entries()) {
      expect(change.sequence).toBeGreaterThan(changes[index - 1]?.sequence ?? 0);
    }
    expect(changes[2]?.changedAt).toEqual(now);
  });

  test('tells nothing of calls that changed nothing, or failed, or were rolled back', async () => {
    const { db } = await openTestDatabase();
    await createAgent(db, { id: 'a' });
    const before = await db.changes();
    await db.deleteAgent('absent');
    await db.updateAgent({ id: 'absent' });
    await expectError('ALREADY_EXISTS', () =>
      createAgent(db, { id: 'a', certificateId: 'none' }).catch(() => createAgent(db, { id: 'a' })),
    );
    await db
      .transaction(async (tx) => {
        await tx.deleteAgent('a');
        throw new Error('no');
      })
      .catch(() => undefined);
    expect(told(await db.changes()).filter((text) => text.includes(' agent '))).toEqual(
      told(before).filter((text) => text.includes(' agent ')),
    );
  });

  test('of a transaction come together, at its commit, without those of a call that failed inside it', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    const before = (await db.changes()).length;
    await db.transaction(async (tx) => {
      await tx.createAgent(agentInput({ id: 'a', certificateId }));
      await db.changes();
      await tx.createAgent(agentInput({ id: 'a', certificateId })).catch(() => undefined);
      await tx.updateAgent({ id: 'a', name: 'New' });
      expect(await db.changes()).toHaveLength(before);
    });
    expect(told((await db.changes()).slice(before))).toEqual(['CREATED agent a', 'UPDATED agent a']);
  });

  test('reads on after a sequence number, and no more than asked for', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    await db.agents.createMany(Array.from({ length: 5 }, (_, index) => agentInput({ id: `a${index}`, certificateId })));
    const all = await db.changes();
    expect(await db.changes({ limit: 2 })).toEqual(all.slice(0, 2));
    expect(await db.changes({ after: all[1]?.sequence, limit: 2 })).toEqual(all.slice(2, 4));
    expect(await db.changes({ after: all.at(-1)?.sequence })).toEqual([]);
  });

  test.each([[{ after: -1 }], [{ after: 1.5 }], [{ limit: 0 }], [{ limit: 10_001 }], [{ unknown: 1 }], [null]])(
    '%j is INVALID_INPUT',
    async (query) => {
      const { db } = await openTestDatabase();
      await expectError('INVALID_INPUT', () => callUntyped(db, 'changes', query));
    },
  );
});

describe('db.followChanges', () => {
  test('gives what there is, then each change as it is committed, until its signal ends it', async () => {
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

  test('with pollMs 0 ends where there is nothing more, over any number of changes', async () => {
    const { db } = await openTestDatabase();
    const certificateId = await createCertificate(db);
    await db.agents.createMany(
      Array.from({ length: 2100 }, (_, index) => agentInput({ id: `a${index}`, certificateId })),
    );
    let count = 0;
    for await (const change of db.followChanges({ pollMs: 0 })) count += change.sequence > 0 ? 1 : 0;
    expect(count).toBe(2101);
  });

  test.each<[object]>([[{ after: -1 }], [{ pollMs: -1 }], [{ unknown: 1 }], [{ signal: 5 }]])(
    '%j is INVALID_INPUT',
    async (options) => {
      const { db } = await openTestDatabase();
      await expectError('INVALID_INPUT', () => db.followChanges(options).next());
    },
  );
});

describe('db.pruneChanges', () => {
  test('deletes what is older, and the numbers go on', async () => {
    let now = 1000;
    const { db } = await openTestDatabase({ now: () => now });
    const certificateId = await createCertificate(db);
    await db.agents.createMany(
      Array.from({ length: 25 }, (_, index) => agentInput({ id: `a${index}`, certificateId })),
    );
    const last = (await db.changes()).at(-1);
    now = 2000;
    expect(await db.pruneChanges({ before: new Date(1000) })).toBe(0);
    expect(await db.pruneChanges({ before: new Date(1001), batchSize: 10 })).toBe(26);
    expect(await db.changes()).toEqual([]);
    await db.deleteAgent('a0');
    const [change] = await db.changes();
    expect(change?.sequence).toBeGreaterThan(last?.sequence ?? 0);
  });

  test.each([[{}], [{ before: 5 }], [{ before: new Date(0), batchSize: 0 }], [undefined]])(
    '%j is INVALID_INPUT',
    async (options) => {
      const { db } = await openTestDatabase();
      await expectError('INVALID_INPUT', () => callUntyped(db, 'pruneChanges', options));
    },
  );
});
