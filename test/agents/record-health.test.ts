import type { EndpointHealthReport, HealthStatus } from '../../src';
import { newsOf } from '../certificates/feed';
import { callUntyped, expectRefused } from '../support/expect-error';
import { agentIds, createAgents } from '../support/factories';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

const now = Date.parse('2026-06-01T12:00:00.007Z');
const at = (ms: number): Date => new Date(now + ms);
const endpoint = (id: string) => ({ id, protocol: 'https', address: 'a', port: 443, health: healthAt('UNKNOWN', 0) });

function healthAt(status: HealthStatus, ms: number, message?: string) {
  return { status, lastChecked: at(ms), ...(message === undefined ? {} : { message }) };
}

function report(ids: string, status: HealthStatus, ms?: number, message?: string): EndpointHealthReport {
  const [agentId = '', endpointId = ''] = ids.split('/');
  return { agentId, endpointId, status, ...(ms === undefined ? {} : { lastChecked: at(ms) }), message };
}

/** Opens a database with the agents `a` and `b`, each with the endpoints `x` and `y`. */
async function openAgents(): Promise<TestDatabase> {
  const database = await openTestDatabase({ now: () => now });
  await createAgents(database.db, ['a', 'b'], () => ({ endpoints: [endpoint('x'), endpoint('y')] }));
  return database;
}

async function healthOf({ db }: TestDatabase, id: string): Promise<unknown> {
  const agent = await db.agents.get(id);
  return Object.fromEntries((agent?.endpoints ?? []).map((one) => [one.id, one.health]));
}

describe('agents.recordHealth', () => {
  test('recordHealth stores health reports and returns for each whether its endpoint exists', async () => {
    const database = await openAgents();
    const before = await database.db.agents.get('a');
    const reports = [
      report('b/y', 'DEGRADED', 5, 'slow'),
      report('none/x', 'HEALTHY'),
      report('a/x', 'HEALTHY'),
      report('a/none', 'HEALTHY'),
    ];
    expect(await database.db.agents.recordHealth(reports)).toEqual([true, false, true, false]);
    expect(await healthOf(database, 'a')).toEqual({ x: healthAt('HEALTHY', 0), y: healthAt('UNKNOWN', 0) });
    expect(await healthOf(database, 'b')).toEqual({ x: healthAt('UNKNOWN', 0), y: healthAt('DEGRADED', 5, 'slow') });
    expect((await database.db.agents.get('a'))?.updatedAt).toEqual(before?.updatedAt);
  });

  test('recordHealth removes the stored message when a report has no message', async () => {
    const database = await openAgents();
    await database.db.agents.recordHealth([report('a/x', 'UNHEALTHY', 1, 'refused')]);
    await database.db.agents.recordHealth([report('a/x', 'UNHEALTHY', 2)]);
    expect(await healthOf(database, 'a')).toEqual({ x: healthAt('UNHEALTHY', 2), y: healthAt('UNKNOWN', 0) });
  });
  test('recordHealth ignores a report that is older than the stored health', async () => {
    const database = await openAgents();
    expect(await database.db.agents.recordHealth([report('a/x', 'UNHEALTHY', -1)])).toEqual([true]);
    expect(await healthOf(database, 'a')).toMatchObject({ x: healthAt('UNKNOWN', 0) });
    await database.db.agents.recordHealth([report('a/x', 'UNHEALTHY', 0)]);
    expect(await healthOf(database, 'a')).toMatchObject({ x: healthAt('UNHEALTHY', 0) });
  });

  test('recordHealth stores the newest of several reports about an endpoint, or the last of equal times', async () => {
    const database = await openAgents();
    const reports = [
      report('a/x', 'HEALTHY', 9, 'newest'),
      report('a/x', 'DEGRADED', 8),
      report('a/y', 'HEALTHY', 7),
      report('a/y', 'DEGRADED', 7, 'last'),
    ];
    expect(await database.db.agents.recordHealth(reports)).toEqual([true, true, true, true]);
    const expected = { x: healthAt('HEALTHY', 9, 'newest'), y: healthAt('DEGRADED', 7, 'last') };
    expect(await healthOf(database, 'a')).toEqual(expected);
  });

  test('recordHealth records one change for each agent with an endpoint whose status changes', async () => {
    const database = await openAgents();
    const { agents } = database.db;
    const both = [report('b/x', 'HEALTHY', 1), report('a/x', 'HEALTHY', 1), report('a/y', 'DEGRADED', 1)];
    const news = await newsOf(database, () => agents.recordHealth(both));
    expect(news.sort()).toEqual(['AGENT a UPDATED', 'AGENT b UPDATED']);
    const sameStatus = [report('a/x', 'HEALTHY', 2, 'new message'), report('b/x', 'DEGRADED', 0), both[2] ?? both[0]];
    expect(await newsOf(database, () => callUntyped(agents, 'recordHealth', sameStatus))).toEqual([]);
    expect(await healthOf(database, 'a')).toMatchObject({ x: healthAt('HEALTHY', 2, 'new message') });
  });

  test('recordHealth writes nothing when all reports are older than the stored health', async () => {
    const { db, statementsOf } = await openAgents();
    const statements = await statementsOf(() => db.agents.recordHealth([report('a/x', 'HEALTHY', -1)]));
    expect(statements.filter((text) => /^(UPDATE|INSERT)/.test(text))).toEqual([]);
    expect(await statementsOf(async () => expect(await db.agents.recordHealth([])).toEqual([]))).toEqual([]);
  });

  test('recordHealth stores 1,200 reports in one transaction with two statements per batch of 500', async () => {
    const { db, events } = await openTestDatabase();
    const ids = await createAgents(db, agentIds(600), () => ({ endpoints: [endpoint('x'), endpoint('y')] }));
    const reports = ids.flatMap((id) => [report(`${id}/x`, 'HEALTHY', 1), report(`${id}/y`, 'UNHEALTHY', 1)]);
    events.length = 0;
    expect(new Set(await db.agents.recordHealth(reports.reverse()))).toEqual(new Set([true]));
    const statements = events.flatMap((event) => (event.type === 'query' ? [event.sql] : []));
    expect(statements.filter((text) => text === 'COMMIT')).toHaveLength(1);
    expect(statements.filter((text) => text.includes('endpoints'))).toHaveLength(3 * 2);
    expect(await db.agents.count({ health: ['UNHEALTHY'] })).toBe(600);
    expect(await db.agents.count({ health: ['UNKNOWN'] })).toBe(0);
  });

  test.each<readonly [string, unknown, string]>([
    ['an object in place of an array', { length: 1 }, 'reports'],
    ['null in place of a report', [null], 'reports[0]'],
    ['an unknown field', [{ ...report('a/x', 'HEALTHY'), health: 1 }], 'reports[0]'],
    ['an empty id', [report('a/x', 'HEALTHY'), report('/x', 'HEALTHY')], 'reports[1].agentId'],
    ['a missing id of an endpoint', [{ agentId: 'a', status: 'HEALTHY' }], 'reports[0].endpointId'],
    ['an unknown status', [{ ...report('a/x', 'HEALTHY'), status: 'FINE' }], 'reports[0].status'],
    ['a missing status', [{ agentId: 'a', endpointId: 'x' }], 'reports[0].status'],
    ['a number in place of a time', [{ ...report('a/x', 'HEALTHY'), lastChecked: 1 }], 'reports[0].lastChecked'],
    ['a message that is null', [{ ...report('a/x', 'HEALTHY'), message: null }], 'reports[0].message'],
  ])('recordHealth refuses %s and changes nothing', async (_, reports, field) => {
    const database = await openAgents();
    const error = await expectRefused(database, 'INVALID_INPUT', () =>
      callUntyped(database.db.agents, 'recordHealth', reports),
    );
    expect(error).toMatchObject({ field, operation: 'agents.recordHealth', entity: 'agent' });
  });
});
