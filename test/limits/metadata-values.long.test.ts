import type { JsonValue } from '../../src';
import { countValues } from '../../src/sql/answer-size';
import { toCanonicalJson } from '../../src/metadata/canonical-json';
import { onPostgresql } from '../support/engine';
import { expectError } from '../support/expect-error';
import { agentInput, certificateInput, createAgent, eventInput } from '../support/factories';
import { changeRaw } from '../support/raw-writer';
import { openTestDatabase, type TestDatabase } from '../support/test-database';

/** Returns an array of `count` empty objects. */
function many(count: number): JsonValue[] {
  return Array.from({ length: count }, () => ({}));
}

describe('countValues', () => {
  test.each<[JsonValue, number]>([
    [{}, 1],
    [[], 1],
    [[1, 'a,[{', null], 4],
    [{ a: { b: [{}, [], [1]] }, 'c"\\': '\\"' }, 8],
    ['a,b', 1],
  ])('countValues counts the values of %j: %i', (value, count) => {
    expect(countValues(toCanonicalJson(value, 'value'))).toBe(count);
  });

  test('countValues counts values inside JSON strings when its second argument is true', () => {
    expect(countValues(JSON.stringify(['[1,2,3]']), true)).toBeGreaterThanOrEqual(4);
  });
});

test('agents.setMetadata accepts at most 100,000 JSON values by default', async () => {
  const { db } = await openTestDatabase();
  const id = await createAgent(db, { metadata: { a: many(99_999) } });
  expect((await db.getAgent(id))?.metadata['a']).toHaveLength(99_999);
  const error = await expectError('INVALID_INPUT', () => db.agents.setMetadata(id, { a: many(100_000) }));
  expect(error.message).toContain('100000 JSON values');
});

/** Opens a database of agents, certificates and events with more values than the limits of the service allow. */
async function openBeyondLimits(count: number): Promise<TestDatabase> {
  const { database, db } = await openTestDatabase({ limits: { metadataValues: 10_000 } });
  const certificateId = await db.createCertificate(certificateInput({ metadata: { a: 1 } }));
  await db.createCertificate(certificateInput({ metadata: { a: 1 } }));
  const ids = Array.from({ length: count }, (_, index) => String(index));
  await db.agents.createMany(ids.map((id) => agentInput({ id, certificateId, metadata: { a: 1 } })));
  await db.events.recordMany(ids.map((id) => eventInput({ id, metadata: { a: 1 } })));
  const text = `[${'{},'.repeat(199_999)}{}]`;
  for (const table of ['agent_metadata', 'certificate_metadata', 'security_event_metadata']) {
    await changeRaw(database, `UPDATE ${table} SET value = '${text}'`);
  }
  return database;
}

describe('reads of records to which another program has added values', () => {
  test('reads fail with RESULT_TOO_LARGE when a result has more than 20 times the metadata values allowed in a record', async () => {
    const { db } = await openBeyondLimits(4);
    for (const call of [
      () => db.queryAgents({}),
      () => db.agents.page(),
      () => db.agents.getMany(['0', '1', '2', '3']),
      () => db.certificates.query(),
      () => db.querySecurityEvents(),
      () => db.events.page(),
      () => db.transaction((tx) => tx.queryAgents({})),
    ]) {
      expect((await expectError('RESULT_TOO_LARGE', call)).message).toContain('200000 JSON values');
    }
    expect(await db.agents.count()).toBe(4);
    expect(onPostgresql || (await db.health()).status === 'up').toBe(true);
  });
});

test('agents.iterate reads smaller pages when the records of a page have too many metadata values', async () => {
  const { db } = await openTestDatabase({ limits: { metadataValues: 40_000 } });
  const certificateId = await db.createCertificate(certificateInput());
  const agents = Array.from({ length: 40 }, () => agentInput({ certificateId, metadata: { a: many(39_000) } }));
  await db.agents.createMany(agents);
  await expectError('RESULT_TOO_LARGE', () => db.queryAgents({}));
  let count = 0;
  for await (const { metadata } of db.agents.iterate()) count += Array.isArray(metadata['a']) ? 1 : 0;
  expect(count).toBe(40);
});
