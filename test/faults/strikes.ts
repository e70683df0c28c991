import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseOptions, DatabaseService } from '../../src';
import { queryRaw } from '../support/raw-reader';
import { soundReport } from '../support/sound-database';
import { TcpProxy } from '../support/tcp-proxy';
import { newDatabaseUrl, openTestDatabase } from '../support/test-database';
import type { Account } from './account';
import { faultRounds, Work, type Write } from './work';

/**
 * SQL that returns the trace of each unit that has rows. The owner of an agent, the subject of a certificate and the
 * source of an event are the name of their unit.
 */
const tracesSql = `
  SELECT unit, concat_ws(' ', sum(agents), coalesce(max(low), '-'), coalesce(max(high), '-'), sum(parts),
    coalesce(max(certificates), '-'), sum(events)) AS trace
  FROM (
    SELECT owner AS unit, count(*) AS agents, min(version) AS low, max(version) AS high,
      sum((SELECT count(*) FROM agent_capabilities c WHERE c.agent_id = a.id)
        + (SELECT count(*) FROM endpoints e WHERE e.agent_id = a.id AND '1.0.' || (e.port - 1000) = a.version)
        + (SELECT count(*) FROM agent_metadata m WHERE m.agent_id = a.id AND m.value = '"' || a.version || '"')) AS parts,
      NULL AS certificates, 0 AS events
    FROM agents a GROUP BY owner
    UNION ALL SELECT subject, 0, NULL, NULL, 0, count(*) || '-' || max(status), 0 FROM certificates GROUP BY subject
    UNION ALL SELECT source, 0, NULL, NULL, 0, NULL, count(*) FROM security_events GROUP BY source
  ) AS rows_of_units
  WHERE unit LIKE 'unit %' GROUP BY unit`;

/** SQL that returns the agents whose creation the change feed does not report exactly once. */
const unreportedSql = `SELECT id FROM agents a WHERE owner LIKE 'unit %'
  AND 1 <> (SELECT count(*) FROM changes c WHERE c.entity = 'AGENT' AND c.entity_id = a.id AND c.kind = 'CREATED')`;

/**
 * Asserts that the stored rows agree with the outcomes of all calls. A successful call has written all its rows once, a
 * failed call none, and a call with an unknown outcome all or none. Also asserts that the database is undamaged.
 */
export async function expectKept(db: DatabaseService, url: string, account: Account): Promise<void> {
  const [traces = [], unreported] = await queryRaw({ options: { url } }, tracesSql, unreportedSql);
  const found = new Map(traces.map((row) => [String(row['unit']), String(row['trace'])]));
  expect(account.wrongUnits(found)).toEqual([]);
  expect(unreported).toEqual([]);
  expect(await db.check()).toEqual(soundReport);
  expect(await db.events.verify()).toMatchObject({ valid: true });
}

interface Strikes {
  readonly db: DatabaseService;
  /** Direct URL of the database, past the proxy or pooler that may be struck. */
  readonly url: string;
  readonly what: string;
  readonly strike: (work: Work, round: number) => unknown;
  readonly rounds?: number;
  /** Number of calls that have to succeed before each strike. */
  readonly calls?: number;
  /** Maximum pause in milliseconds before a strike. */
  readonly pauseMs?: number;
  /** Asserts how calls may fail. */
  readonly expectFailures?: (work: Work) => void;
}

/** Repeats a strike while eight callers write. Asserts that every acknowledged write is stored completely and once. */
export async function strikeWhileWriting({
  db,
  url,
  what,
  strike,
  rounds = faultRounds,
  calls = 8,
  pauseMs = 0,
  expectFailures = (work) => work.expectPassing(['UNAVAILABLE', 'CONFLICT']),
}: Strikes): Promise<void> {
  const work = await Work.start(db);
  for (let round = 0; round < rounds; round += 1) {
    await work.goOn(calls);
    await sleep(Math.random() * pauseMs);
    await strike(work, round);
  }
  await work.goOn();
  await work.stop();
  expectFailures(work);
  // The server may still run a statement that was sent before a connection was lost.
  await sleep(500);
  await expectKept(db, url, work.account);
  work.report(what, rounds);
}

/**
 * Opens a PostgreSQL database through a proxy, for calls that the test makes itself. `settings` are options of its
 * sessions.
 */
export async function openWork(options: DatabaseOptions = {}, settings = '') {
  const url = await newDatabaseUrl();
  const proxy = await TcpProxy.start(url);
  const through = new URL(proxy.url(url));
  if (settings !== '') through.searchParams.set('options', settings);
  const { db } = await openTestDatabase({ ...options, url: through.href });
  const work = await Work.prepare(db);
  return {
    db,
    url,
    proxy,
    work,
    expectKept: () => expectKept(db, url, work.account),
    /**
     * Asserts that exactly one write has failed, with these properties, and that the next write succeeds. Also asserts
     * that the stored rows agree with both outcomes.
     */
    expectFailedOnce: async (failure: object, write: Write = (one, unit) => one.change(unit)): Promise<void> => {
      expect(work.errors).toMatchObject([failure]);
      await write(work, 'unit next-0');
      expect(work.errors).toHaveLength(1);
      await expectKept(db, url, work.account);
    },
  };
}
