import { DatabaseService } from '../../src';
import { engine, onPostgresql } from '../support/engine';
import { spoilDatabase } from '../support/postgresql-databases';
import { newDatabaseUrl, runCleanups, type Cleanup } from '../support/test-database';
import { countBeforeLasting, countDue, countPrunable, mitigatedEvery, type Sizes } from './big-data';
import { formatMeasurements, measure, type Measurement } from './measure';
import type { OperationName, Outcome } from './operations';

const sizes: Sizes = {
  agents: Number(process.env['BIG_AGENTS'] ?? 100_000),
  events: Number(process.env['BIG_EVENTS'] ?? 1_000_000),
};
const megabyte = 2 ** 20;
/** Maximum memory of an operation: a few batches of rows, and garbage that is not collected yet. */
const workBytes = 64 * megabyte;
/** Maximum size of SQLite's page caches: 64 MiB for each of the two connections. */
const cacheBytes = onPostgresql ? 0 : 2 * 64 * megabyte;
const longestMs = 60 * 60_000;

const { agents, events } = sizes;
const due = countDue(agents);
const revoked = Math.ceil(agents / 10);
const recorded = events + Math.ceil(events / mitigatedEvery);
const prunable = countPrunable(sizes);
const walked = { inOrder: true, isAll: true };
/** Last sequence of the chain after the first pruning: each batch of a pruning adds an entry. */
const pruned = recorded + Math.ceil(prunable / 500);
const beforeLasting = countBeforeLasting(sizes);
const lastBatches = Math.ceil((events - prunable) / 500);
/**
 * The last batch of the second pruning removes the newest event. After that, each batch replaces 2,000 entries and adds
 * one.
 */
const compactions = Math.ceil((pruned - beforeLasting + lastBatches) / 1999);
const emptied = pruned + lastBatches + compactions - 1;

/** Operations, run in order on one database, with their expected results. */
const steps: readonly (readonly [name: OperationName, expected: Partial<Outcome>])[] = [
  ['certificates.create', { rows: agents }],
  ['agents.createMany', { rows: agents, told: agents, refused: 0 }],
  ['events.recordMany', { rows: events }],
  ['events.markMitigated', { rows: recorded - events }],
  ['agents.iterate', { rows: agents, ...walked }],
  ['agents.iterate, by name', { rows: agents, ...walked }],
  ['agents.iterate, by capability', walked],
  ['events.iterate', { rows: events, ...walked }],
  ['events.iterate, by severity', walked],
  ['events.iterate, by metadata', walked],
  ['events.count, events.aggregate', { rows: events, together: events }],
  ['events.verify', { rows: recorded, valid: true, gone: 0, head: recorded }],
  ['agents.expireDue', { rows: due, again: 0, expired: due, due: 0, revoked }],
  ['certificates.expireDue', { rows: due, again: 0 }],
  ['certificates.query, by offset', { rows: agents, expired: due, revoked }],
  ['changes, followed', { rows: 2 * (agents + due), created: 2 * agents, updated: 2 * due, inOrder: true }],
  ['changes, pruned', { rows: 2 * (agents + due), left: 0 }],
  ['events.prune, three quarters', { rows: prunable }],
  ['events.verify, after pruning', { rows: pruned - beforeLasting, valid: true, gone: beforeLasting, head: pruned }],
  ['events.prune, all', { rows: events - prunable }],
  // The entry of the last pruning is always kept.
  ['events.verify, after pruning all events', { rows: 1, valid: true, gone: emptied - 1, head: emptied }],
];

describe(`with ${events} events and ${agents} agents`, () => {
  const ends: Cleanup[] = [];
  const measurements: Measurement[] = [];
  let url = '';

  beforeAll(async () => {
    url = await newDatabaseUrl((end) => void ends.push(end));
    if (onPostgresql) spoilDatabase(url);
    // The migrations run in this process, so that they do not use memory of the measured processes.
    await using db = new DatabaseService({ url });
    await db.initialize();
  });

  afterAll(async () => {
    process.stderr.write(`\nOn ${engine}:\n${formatMeasurements(measurements)}\n\n`);
    await runCleanups(ends);
  });

  test.each(steps)(
    'the operation %s needs a bounded amount of memory',
    async (name, expected) => {
      const measurement = await measure(url, name, sizes);
      measurements.push(measurement);
      expect(measurement.outcome).toMatchObject(expected);
      expect(measurement.growthBytes).toBeLessThan(workBytes + cacheBytes);
    },
    longestMs,
  );
});
