import type { AgentUpdate, DatabaseErrorCode, DatabaseService } from '../../src';
import { callUntyped, expectRefused } from '../support/expect-error';
import { agentInput, certificateInput, createCertificate, eventInput } from '../support/factories';
import { shareTestDatabase } from '../support/test-database';

const unique = { unique: 'name-version' } as const;

/**
 * Database with the certificates `valid` and `revoked`, the agents `known`, `dead` (REVOKED) and `holder` (which holds
 * the name Held), and a security event.
 */
const shared = shareTestDatabase({}, async ({ db }) => {
  await createCertificate(db, { id: 'valid' });
  await createCertificate(db, { id: 'revoked', status: 'REVOKED' });
  await db.createAgent(agentInput({ id: 'known', certificateId: 'valid' }));
  await db.createAgent(agentInput({ id: 'dead', certificateId: 'valid', status: 'REVOKED' }));
  await db.createAgent(agentInput({ id: 'holder', name: 'Held', certificateId: 'valid' }), unique);
  await db.recordSecurityEvent(eventInput({ id: 'event' }));
});

interface Mistake {
  readonly code: DatabaseErrorCode;
  readonly field: string;
  readonly fields: Partial<AgentUpdate>;
  readonly options?: object;
}

const stale = { ifUpdatedAt: new Date(1) };

/** Mistakes of an update in the order in which they are reported; each is made together with every later one. */
const updateMistakes: readonly Mistake[] = [
  { code: 'INVALID_INPUT', field: 'owner', fields: { owner: '' } },
  { code: 'CONFLICT', field: 'updatedAt', fields: {}, options: stale },
  { code: 'INVALID_TRANSITION', field: 'status', fields: { id: 'dead', status: 'ACTIVE' } },
  { code: 'INVALID_INPUT', field: 'defaultEndpoint', fields: { defaultEndpoint: 'nowhere' } },
  { code: 'ALREADY_EXISTS', field: 'name', fields: { name: 'Held' } },
  { code: 'REFERENCE_NOT_FOUND', field: 'certificateId', fields: { certificateId: 'nowhere' } },
  { code: 'INVALID_TRANSITION', field: 'certificateId', fields: { certificateId: 'revoked' } },
];

const updatePairs = updateMistakes.flatMap((first, index) =>
  updateMistakes.slice(index + 1).flatMap((second) => {
    // Two certificates cannot be given at once.
    return first.field === second.field ? [] : [{ first, second }];
  }),
);

describe('input with two mistakes', () => {
  test.each(updatePairs)(
    'updateAgent reports $first.code ($first.field) before $second.code ($second.field)',
    async ({ first, second }) => {
      const update = { id: 'known', ...second.fields, ...first.fields };
      const options = { ...first.options, ...second.options };
      const error = await expectRefused(shared(), first.code, () => shared().db.updateAgent(update, options));
      expect(error.field).toBe(first.field);
    },
  );

  test.each(updateMistakes.slice(1))(
    'updateAgent reports an absent agent before $code ($field)',
    async ({ fields, options }) => {
      expect(await shared().db.updateAgent({ ...fields, id: 'absent' }, options)).toBe(false);
    },
  );

  test.each<[object, object]>([
    [{ owner: '' }, stale],
    [{}, { ifUpdatedAt: 'yesterday' }],
    [{ endpoints: [], defaultEndpoint: 'nowhere' }, {}],
  ])(
    'updateAgent refuses the invalid input %j with the options %j, even when no agent has the id',
    async (fields, options) => {
      const update = () => callUntyped(shared().db, 'updateAgent', { id: 'absent', ...fields }, options);
      await expectRefused(shared(), 'INVALID_INPUT', update);
    },
  );
});

describe('stale ifUpdatedAt', () => {
  test.each<[string, (db: DatabaseService, id: string) => Promise<boolean>]>([
    ['setStatus to the present status', (db, id) => db.agents.setStatus(id, 'ACTIVE', stale)],
    ['setStatus to REVOKED', (db, id) => db.agents.setStatus(id, 'REVOKED', stale)],
    ['update without a field', (db, id) => db.updateAgent({ id }, stale)],
    ['mergeMetadata without a key', (db, id) => db.agents.mergeMetadata(id, {}, stale)],
    ['setMetadata to the present metadata', (db, id) => db.agents.setMetadata(id, {}, stale)],
    ['setCapabilities to the present ones', (db, id) => db.agents.setCapabilities(id, [], stale)],
    ['renew', (db, id) => db.agents.renew(id, new Date(), stale)],
  ])(
    'a change with a stale ifUpdatedAt fails with CONFLICT, but returns false for an absent agent: %s',
    async (_, change) => {
      for (const id of ['known', 'dead']) {
        const error = await expectRefused(shared(), 'CONFLICT', () => change(shared().db, id));
        expect(error).toMatchObject({ entity: 'agent', field: 'updatedAt', retryable: true });
      }
      expect(await change(shared().db, 'absent')).toBe(false);
    },
  );
});

type Fields = Record<string, string>;

/** Two mistakes of a new agent: the one that is reported, the other one, and the input. */
const creations: readonly (readonly [DatabaseErrorCode, field: string, other: string, Fields, options: object])[] = [
  ['INVALID_INPUT', 'owner', 'a taken id', { id: 'known', owner: '' }, {}],
  ['INVALID_INPUT', 'owner', 'an unknown certificate', { certificateId: 'none', owner: '' }, {}],
  ['INVALID_INPUT', 'owner', 'a REVOKED certificate', { certificateId: 'revoked', owner: '' }, {}],
  ['INVALID_INPUT', 'defaultEndpoint', 'a taken id', { id: 'known', defaultEndpoint: 'x' }, {}],
  ['ALREADY_EXISTS', 'id', 'an unknown certificate', { id: 'known', certificateId: 'none' }, {}],
  ['ALREADY_EXISTS', 'id', 'a REVOKED certificate', { id: 'known', certificateId: 'revoked' }, {}],
  ['ALREADY_EXISTS', 'name', 'an unknown certificate', { name: 'Held', certificateId: 'none' }, {}],
  ['ALREADY_EXISTS', 'name', 'a REVOKED certificate', { name: 'Held', certificateId: 'revoked' }, {}],
  ['ALREADY_EXISTS', 'name', 'an unknown certificate', { certificateId: 'none' }, unique],
  ['ALREADY_EXISTS', 'id', 'a held name', { id: 'known', name: 'Held' }, {}],
  ['ALREADY_EXISTS', 'id', 'the held name of the same agent', { id: 'holder', name: 'Held' }, {}],
  ['ALREADY_EXISTS', 'id', 'a name that is not unique', { id: 'known' }, unique],
];

describe('input with two mistakes', () => {
  test.each(creations)(
    'createAgent and createMany report %s (%s) before %s',
    async (code, field, _, fields, options) => {
      const { db } = shared();
      const agent = agentInput({ certificateId: 'valid', ...fields });
      const error = await expectRefused(shared(), code, () => db.createAgent(agent, options));
      expect(error.field).toBe(field);
      const batch = await expectRefused(shared(), code, () => db.agents.createMany([agent], options));
      expect(batch.field).toBe(`agents[0].${field}`);
      const results = await db.agents.createMany([agent], { ...options, onError: 'collect' });
      expect(results).toMatchObject([{ ok: false, error: { code, field } }]);
    },
  );
});

describe('input with two mistakes', () => {
  test.each<[DatabaseErrorCode, entity: string, other: string, agent: Fields, certificate: Fields, Fields, object]>([
    ['INVALID_INPUT', 'agent', 'a taken certificate', { owner: '' }, { id: 'valid' }, {}, {}],
    ['ALREADY_EXISTS', 'certificate', 'a taken agent', { id: 'known' }, { id: 'valid' }, {}, {}],
    ['ALREADY_EXISTS', 'certificate', 'a REVOKED certificate', {}, { id: 'valid', status: 'REVOKED' }, {}, {}],
    ['ALREADY_EXISTS', 'agent', 'a REVOKED certificate', { id: 'known' }, { status: 'REVOKED' }, {}, {}],
    ['ALREADY_EXISTS', 'agent', 'a REVOKED certificate', { name: 'Held' }, { status: 'REVOKED' }, {}, {}],
    ['ALREADY_EXISTS', 'agent', 'a REVOKED certificate', {}, { status: 'REVOKED' }, {}, unique],
    ['ALREADY_EXISTS', 'agent', 'a taken event', { id: 'known' }, {}, { id: 'event' }, {}],
  ])('register reports %s of the %s before %s', async (code, entity, _, agent, certificate, event, options) => {
    const input = {
      certificate: { ...certificateInput(), ...certificate },
      agent: { ...agentInput({ certificateId: '' }), certificateId: undefined, ...agent },
      event: { ...eventInput(), ...event },
    };
    const error = await expectRefused(shared(), code, () => callUntyped(shared().db, 'register', input, options));
    expect([error.entity, error.field?.split('.')[0]]).toContain(entity);
  });
});
