import type { DatabaseEvent } from '../../src';
import { expectError } from '../support/expect-error';
import { agentInput, createCertificate } from '../support/factories';
import { openSqlite } from '../support/raw-writer';
import { openTestDatabase } from '../support/test-database';

describe('busyTimeoutMs and retry', () => {
  async function openLocked(options: object) {
    const database = await openTestDatabase({ busyTimeoutMs: 5, ...options });
    const certificateId = await createCertificate(database.db);
    database.events.length = 0;
    const other = openSqlite(database.options.url);
    other.exec('BEGIN IMMEDIATE');
    const create = () => database.db.createAgent(agentInput({ certificateId }));
    return { ...database, create, release: () => other.close() };
  }

  function retriesOf(events: readonly DatabaseEvent[]): number[] {
    return events.flatMap((event) => (event.type === 'retry' ? [event.attempt] : []));
  }

  test('a lock that another process keeps is BUSY, which may pass', async () => {
    const { db, create, release } = await openLocked({ retry: false });
    const error = await expectError('BUSY', create);
    expect(error).toMatchObject({ retryable: true, operation: 'agents.create' });
    expect(await db.queryAgents({})).toEqual([]);
    release();
    expect(await db.getAgent(await create())).toMatchObject({ name: 'Test Agent' });
  });

  test.each([
    ['false never tries again', false, []],
    ['attempts: 1 never tries again', { attempts: 1 }, []],
    ['attempts: 3 tries twice more', { attempts: 3, baseDelayMs: 1 }, [1, 2]],
    ['tries four times more by default', { baseDelayMs: 1 }, [1, 2, 3, 4]],
  ])('retry: %s', async (_, retry, expected) => {
    const { events, create, release } = await openLocked({ retry });
    await expectError('BUSY', create);
    release();
    expect(retriesOf(events)).toEqual(expected);
    expect(events.filter(({ type }) => type === 'error')).toMatchObject([{ code: 'BUSY' }]);
  });

  test('a lock that is given up in time delays the call, no more', async () => {
    const { create, release } = await openLocked({ busyTimeoutMs: 5000, retry: false });
    setTimeout(release, 30);
    await expect(create()).resolves.toMatch(/^[0-9a-f-]{36}$/);
  });
});
