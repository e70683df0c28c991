import fc, { type Arbitrary } from 'fast-check';
import {
  DatabaseError,
  RevocationReason,
  type AgentStatus,
  type CertificateInput,
  type CertificateOrderField,
  type CertificateStatus,
  type OrderDirection,
  type RevocationOptions,
  type DatabaseService,
  type TransactionScope,
} from '../../src';
import { metadata, pool, seldom } from '../model/pools';
import { isSame } from '../model/text';
import { agentInput } from '../support/factories';
import { changeRaw } from '../support/raw-writer';
import { shareTestDatabase, type TestDatabase } from '../support/test-database';
import { feedOf } from './feed';
import { predict, type Call, type World } from './lifecycle-model';

/*
 * MODEL_RUNS sets how many sequences are tried, MODEL_COMMANDS how long they may be; MODEL_SEED and MODEL_PATH repeat a
 * run that failed, as its message says.
 */
const runs = Number(process.env['MODEL_RUNS'] ?? 20);
const maxLength = Number(process.env['MODEL_COMMANDS'] ?? 40);
const { MODEL_SEED: seed, MODEL_PATH: path } = process.env;
const repeat = { ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) };

const startMs = 1_800_000_000_000;
const clock = { nowMs: startMs };
const shared = shareTestDatabase({ now: () => clock.nowMs });

const id = pool('c1', 'c2', 'c3', 'c4', 'C1', '😀', '\uffee');
const time = pool(-1, 0, 1, 2, 3, 1000).map((ms) => new Date(startMs + ms));
const certificateStatus = pool<CertificateStatus>('VALID', 'SUSPENDED', 'EXPIRED', 'REVOKED');
const agentStatus = pool<AgentStatus>('ACTIVE', 'SUSPENDED', 'DEPRECATED', 'EXPIRED', 'REVOKED');
const subject = pool('', 'CN=a', 'CN=A_%', 'cn=straße', 'CN=ΣΊΣ');
const part = pool('', 'cn=a', '_', 'SS', 'ß', 'σ', 'A');
const fingerprint = pool('AA', 'a:a', 'bb', 'BB:', 'cc', 'dd', 'ee', 'ff');

const input: Arbitrary<CertificateInput & { id: string }> = fc.record({
  id,
  subject,
  issuer: subject,
  notBefore: time,
  notAfter: time,
  publicKey: fc.constant('PEM'),
  certificate: fc.constant('PEM'),
  fingerprint,
  status: seldom(certificateStatus),
  metadata: seldom(metadata),
  createdAt: seldom(time),
});

const query = fc.record({
  ids: seldom(fc.array(id, { maxLength: 3 })),
  subject: seldom(part),
  issuer: seldom(part),
  status: seldom(fc.array(certificateStatus, { maxLength: 2 })),
  fingerprint: seldom(fingerprint),
  expiresBefore: seldom(time),
  expiresAfter: seldom(time),
  metadata: seldom(metadata),
  orderBy: seldom(pool<CertificateOrderField>('id', 'subject', 'notBefore', 'notAfter', 'createdAt')),
  orderDirection: seldom(pool<OrderDirection>('asc', 'desc')),
  limit: seldom(fc.nat(4)),
  offset: seldom(fc.nat(2)),
});

const revocation = fc.record({
  reason: fc.constantFrom(...Object.values(RevocationReason)),
  revokedAt: seldom(time),
  agents: pool<RevocationOptions['agents']>('keep', 'suspend', 'revoke'),
});

const call: Arbitrary<Call> = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), input }),
  fc.record({ kind: fc.constant('create' as const), input }),
  fc.record({
    kind: fc.constant('createAgent' as const),
    id: pool('a1', 'a2', 'a3', 'A', '😀', '\uffee'),
    certificateId: id,
    status: agentStatus,
  }),
  fc.record({ kind: fc.constant('updateStatus' as const), id, status: certificateStatus }),
  fc.record({ kind: fc.constant('setMetadata' as const), id, metadata }),
  fc.record({ kind: fc.constant('revoke' as const), id, options: revocation }),
  fc.record({ kind: fc.constant('rotate' as const), oldId: id, input }),
  fc.record({ kind: fc.constant('delete' as const), id }),
  fc.constant({ kind: 'expireDue' as const }),
  fc.record({ kind: fc.constant('query' as const), query }),
  fc.record({ kind: fc.constant('expiring' as const), withinMs: fc.nat(3) }),
);

/** A call, calls in one transaction that is committed or undone, or time that passes. */
type Step =
  | { readonly calls: readonly Call[]; readonly transaction: 'none' | 'committed' | 'undone' }
  | { readonly passMs: number };

const step: Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: call.map((one) => ({ calls: [one], transaction: 'none' as const })) },
  {
    weight: 2,
    arbitrary: fc.record({
      calls: fc.array(call, { minLength: 1, maxLength: 5 }),
      transaction: pool<'committed' | 'undone'>('committed', 'undone'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ passMs: pool(1, 2) }) },
);

function perform({ certificates, agents }: DatabaseService | TransactionScope, made: Call): Promise<unknown> {
  switch (made.kind) {
    case 'create':
      return certificates.create(made.input);
    case 'createAgent':
      return agents.create(agentInput({ id: made.id, certificateId: made.certificateId, status: made.status }));
    case 'updateStatus':
      return certificates.updateStatus(made.id, made.status);
    case 'setMetadata':
      return certificates.setMetadata(made.id, made.metadata);
    case 'revoke':
      return certificates.revoke(made.id, made.options);
    case 'rotate':
      return certificates.rotate(made.oldId, made.input);
    case 'delete':
      return certificates.delete(made.id);
    case 'expireDue':
      return certificates.expireDue();
    case 'query':
      return certificates.query(made.query);
    case 'expiring':
      return certificates.expiring(made.withinMs);
  }
}

interface State {
  world: World;
  news: string[];
}

async function runCall(state: State, target: DatabaseService | TransactionScope, made: Call): Promise<void> {
  const { answer, world, news } = predict(state.world, made, clock.nowMs);
  const actual = await perform(target, made).then(
    (result) => ({ result }),
    (error: unknown) => {
      if (error instanceof DatabaseError) return { code: error.code };
      throw error;
    },
  );
  const isRight =
    'codes' in answer
      ? 'code' in actual && answer.codes.includes(actual.code)
      : 'result' in actual && isSame(actual.result, answer.result);
  if (!isRight) expect({ made, actual }).toStrictEqual({ made, actual: answer });
  expect(isRight).toBe(true);
  state.world = world;
  state.news.push(...news);
}

async function runStep(state: State, db: DatabaseService, taken: Step): Promise<void> {
  if ('passMs' in taken) {
    clock.nowMs += taken.passMs;
    return;
  }
  if (taken.transaction === 'none') {
    for (const made of taken.calls) await runCall(state, db, made);
    return;
  }
  const inner: State = { world: state.world, news: [...state.news] };
  const undo = new Error('The transaction is to be undone');
  const work = db.transaction(async (tx) => {
    for (const made of taken.calls) await runCall(inner, tx, made);
    if (taken.transaction === 'undone') throw undo;
  });
  if (taken.transaction === 'undone') {
    const thrown: unknown = await work.catch((error: unknown) => error);
    if (thrown !== undo) throw thrown;
    return;
  }
  await work;
  Object.assign(state, inner);
}

/** Compares all that is stored, and what the feed has told of it. */
async function compareWhole({ world, news }: State, database: TestDatabase): Promise<void> {
  const { db } = database;
  const expected = [...world.certificates.values()].sort((first, second) => (first.id < second.id ? -1 : 1));
  const stored = await db.certificates.query({ limit: 100 });
  const actual = stored.sort((first, second) => (first.id < second.id ? -1 : 1));
  if (!isSame(actual, expected)) expect(actual).toStrictEqual(expected);
  const agents = await db.queryAgents({ limit: 100 });
  expect(
    new Map(
      agents.map((agent) => [
        agent.id,
        { certificateId: agent.certificateId, status: agent.status, updatedAtMs: agent.updatedAt.getTime() },
      ]),
    ),
  ).toEqual(new Map(world.agents));
  expect((await feedOf(database)).sort()).toEqual([...news].sort());
}

test(
  'every sequence of calls on certificates answers, leaves and tells the feed what the contract says',
  async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength, size: 'max' }), async (steps) => {
      await changeRaw(shared(), 'DELETE FROM agents; DELETE FROM certificates; DELETE FROM changes');
      clock.nowMs = startMs;
      const state: State = { world: { certificates: new Map(), agents: new Map() }, news: [] };
      for (const taken of steps) await runStep(state, shared().db, taken);
      await compareWhole(state, shared());
    });
    await fc.assert(property, { numRuns: runs, ...repeat });
  },
  60_000 + runs * 1000,
);
