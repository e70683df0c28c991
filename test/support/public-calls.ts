import { join } from 'node:path';
import type { AgentService, CertificateService, DatabaseService, EventService, TransactionScope } from '../../src';
import {
  agent,
  certificate,
  certificateQuery,
  change,
  early,
  event,
  eventQuery,
  facetQuery,
  health,
  late,
  metadata,
  page,
  primary,
  registration,
  resolution,
  resolveRequest,
  unique,
  window,
  type Mark,
} from './call-arguments';
import { agentInput, certificateInput, eventInput } from './factories';
import { scratch } from './scratch';

/** A database or one of its transactions: both have the same operations. */
export type Target = DatabaseService | TransactionScope;

type Judge = (answer: unknown) => boolean;
type Callable = (...args: never[]) => unknown;

/** A method: whether it may change rows, a check of the type of its result, and valid arguments. */
type Sample<Args extends readonly unknown[] = readonly unknown[]> = readonly [
  kind: 'reads' | 'writes',
  isAnswer: Judge,
  args: (mark: Mark) => Args,
];

/** A sample for every method of `Service`. A missing sample does not compile. */
type Samples<Service, Prefix extends string = ''> = {
  readonly [
    Name in keyof Service & string as Service[Name] extends Callable ? `${Prefix}${Name}` : never
  ]: Service[Name] extends Callable ? Sample<Parameters<Service[Name]>> : never;
};

export interface PublicCall {
  /** Name of the method, such as `agents.create`. */
  readonly name: string;
  /** Returns new valid arguments with every optional field. */
  readonly args: (mark?: Mark) => readonly unknown[];
  readonly isAnswer: Judge;
  /** True when the call may change rows. */
  readonly writes: boolean;
}

const isText: Judge = (answer) => typeof answer === 'string';
const isTruth: Judge = (answer) => typeof answer === 'boolean';
const isCount: Judge = (answer) => Number.isSafeInteger(answer);
const isObject: Judge = (answer) => typeof answer === 'object' && answer !== null;
const isRecord: Judge = (answer) => answer === null || (isObject(answer) && 'id' in (answer as object));
const isOutcome: Judge = (answer) => answer === null || isObject(answer);
const isList: Judge = (answer) => Array.isArray(answer);
const isPage: Judge = (answer) => isObject(answer) && isList(Reflect.get(answer as object, 'items'));
const isStep: Judge = (answer) => isObject(answer) && isTruth(Reflect.get(answer as object, 'done'));
const isNothing: Judge = (answer) => answer === undefined;

/** Methods that run SQL of the application; `test/prisma` tests them. */
type NativeCall = 'query' | 'execute';

type Operations = Samples<Omit<TransactionScope, NativeCall | 'forOwner'>> &
  Samples<AgentService, 'agents.'> &
  Samples<CertificateService, 'certificates.'> &
  Samples<EventService, 'events.'>;

/** A sample of every operation, in an order in which all of them succeed one after the other. */
const operations: Operations = {
  'agents.get': ['reads', isRecord, (mark) => [mark('a'), primary]],
  'agents.getMany': ['reads', isList, (mark) => [[mark('a'), mark('none')], primary]],
  'agents.query': ['reads', isList, (mark) => [{ ...resolution(mark), ...window }, primary]],
  'agents.page': ['reads', isPage, (mark) => [resolution(mark), page, primary]],
  'agents.iterate': ['reads', isStep, (mark) => [resolution(mark), primary]],
  'agents.count': ['reads', isCount, (mark) => [resolution(mark), primary]],
  'agents.facets': ['reads', isList, (mark) => [facetQuery(mark), [{ by: { metadata: mark('key') }, limit: 10, minCount: 1 }], primary]], // prettier-ignore
  'agents.versions': ['reads', isList, (mark) => [{ name: mark('Test Agent'), owner: mark('test-owner') }, primary]],
  'certificates.get': ['reads', isRecord, (mark) => [mark('c'), primary]],
  'certificates.getByFingerprint': ['reads', isRecord, (mark) => [mark('AA'), primary]],
  'certificates.query': ['reads', isList, (mark) => [certificateQuery(mark), primary]],
  'certificates.expiring': ['reads', isList, () => [1000, primary]],
  'events.get': ['reads', isRecord, (mark) => [mark('e'), primary]],
  'events.query': ['reads', isList, (mark) => [{ ...eventQuery(mark), ...window }, primary]],
  'events.page': ['reads', isPage, (mark) => [eventQuery(mark), page, primary]],
  'events.iterate': ['reads', isStep, (mark) => [eventQuery(mark), primary]],
  'events.count': ['reads', isCount, (mark) => [eventQuery(mark), primary]],
  'events.aggregate': ['reads', isList, (mark) => [eventQuery(mark), { by: { bucketMs: 1000 } }, primary]],
  'events.verify': ['reads', isObject, () => [primary]],
  resolve: ['reads', isObject, (mark) => [resolveRequest(mark), primary]],
  resolveMany: ['reads', isList, (mark) => [[resolveRequest(mark), { name: mark('a') }], primary]],
  changes: ['reads', isList, () => [{ after: 0, limit: 10 }, primary]],
  followChanges: ['reads', isStep, () => [{ after: 0, pollMs: 0, signal: AbortSignal.timeout(1000) }]],
  getAgent: ['reads', isRecord, (mark) => [mark('a'), primary]],
  queryAgents: ['reads', isList, (mark) => [resolution(mark), primary]],
  getCertificate: ['reads', isRecord, (mark) => [mark('c'), primary]],
  getCertificateByFingerprint: ['reads', isRecord, (mark) => [mark('AA'), primary]],
  querySecurityEvents: ['reads', isList, (mark) => [early, late, [mark('x')], ['LOW'], mark('s'), mark('t'), 10, 0]],
  'agents.create': ['writes', isText, (mark) => [agent(mark), unique]],
  'agents.createMany': ['writes', isList, (mark) => [[agent(mark), agent(mark)], { ...unique, onError: 'abort', onProgress: () => 1 }]], // prettier-ignore
  'agents.updateMany': ['writes', isList, (mark) => [[{ ...agent(mark), id: mark('a') }, { id: mark('none') }], { allowRevokedCertificate: false, onError: 'abort', onProgress: () => 1 }]], // prettier-ignore
  'agents.upsertMany': ['writes', isList, (mark) => [[{ ...agent(mark), id: mark('a') }], { by: 'id', allowRevokedCertificate: false, onProgress: () => 1 }]], // prettier-ignore
  'agents.update': ['writes', isTruth, (mark) => [{ ...agent(mark), id: mark('a') }]],
  'agents.setStatus': ['writes', isTruth, (mark) => [mark('a'), 'ACTIVE', change]],
  'agents.setCapabilities': ['writes', isTruth, (mark) => [mark('a'), [mark('read')]]],
  'agents.setMetadata': ['writes', isTruth, (mark) => [mark('a'), metadata(mark)]],
  'agents.mergeMetadata': ['writes', isTruth, (mark) => [mark('a'), metadata(mark)]],
  'agents.setEndpointHealth': ['writes', isTruth, (mark) => [mark('a'), mark('main'), health(mark)]],
  'agents.updateWhere': ['writes', isCount, (mark) => [{ ids: [mark('none')], owner: mark('test-owner') }, { description: mark('d') }, { expect: 0 }]], // prettier-ignore
  'agents.deleteWhere': ['writes', isCount, (mark) => [{ ...resolution(mark), ids: [mark('none')], orderBy: undefined, orderDirection: undefined }, { expect: 0 }]], // prettier-ignore
  'agents.recordHealth': ['writes', isList, (mark) => [[{ agentId: mark('a'), endpointId: mark('main'), ...health(mark) }]]], // prettier-ignore
  'agents.renew': ['writes', isTruth, (mark) => [mark('a'), late]],
  'agents.deprecate': ['writes', isTruth, (mark) => [mark('a'), { reason: mark('old'), successorId: mark('s'), ...change }]], // prettier-ignore
  'agents.expireDue': ['writes', isCount, () => []],
  'agents.transfer': ['writes', isTruth, (mark) => [mark('a'), { to: mark('test-owner'), ifOwner: mark('test-owner') }]], // prettier-ignore
  'certificates.create': ['writes', isText, (mark) => [certificate(mark)]],
  'certificates.createMany': ['writes', isList, (mark) => [[certificate(mark), certificate(mark)], { onError: 'abort', onProgress: () => 1 }]], // prettier-ignore
  'certificates.updateStatus': ['writes', isTruth, (mark) => [mark('c'), 'SUSPENDED']],
  'certificates.setMetadata': ['writes', isTruth, (mark) => [mark('c'), metadata(mark)]],
  'certificates.expireDue': ['writes', isCount, () => []],
  'certificates.rotate': ['writes', isText, (mark) => [mark('c'), certificate(mark)]],
  'certificates.revoke': ['writes', isOutcome, (mark) => [mark('r'), { reason: 'keyCompromise', revokedAt: early, agents: 'keep' }]], // prettier-ignore
  'events.record': ['writes', isText, (mark) => [event(mark)]],
  'events.recordMany': ['writes', isList, (mark) => [[event(mark), event(mark)]]],
  'events.markMitigated': ['writes', isTruth, (mark) => [mark('e'), { applied: true, details: mark('done') }]],
  'events.prune': ['writes', isCount, () => [{ before: early, batchSize: 10 }]],
  register: ['writes', isObject, (mark) => [registration(mark), unique]],
  pruneChanges: ['writes', isCount, () => [{ before: early, batchSize: 10 }]],
  createAgent: ['writes', isText, (mark) => [agent(mark), unique]],
  updateAgent: ['writes', isTruth, (mark) => [{ ...agent(mark), id: mark('a') }, change]],
  createCertificate: ['writes', isText, (mark) => [certificate(mark)]],
  updateCertificateStatus: ['writes', isTruth, (mark) => [mark('c'), 'SUSPENDED']],
  recordSecurityEvent: ['writes', isText, (mark) => [event(mark)]],
  'agents.deleteMany': ['writes', isList, (mark) => [[mark('d3'), mark('none')]]],
  'agents.delete': ['writes', isTruth, (mark) => [mark('d')]],
  deleteAgent: ['writes', isTruth, (mark) => [mark('d2')]],
  'certificates.delete': ['writes', isTruth, (mark) => [mark('free')]],
};

/** Other forms of some operations. */
const forms: readonly (readonly [keyof Operations, Sample])[] = [
  ['querySecurityEvents', ['reads', isList, (mark) => [eventQuery(mark), primary]]],
  ['agents.createMany', ['writes', isList, (mark) => [[agent(mark), agent(mark)], { ...unique, onError: 'collect' }]]],
  ['agents.updateMany', ['writes', isList, (mark) => [[{ ...agent(mark), id: mark('a') }], { onError: 'collect' }]]],
  ['agents.upsertMany', ['writes', isList, (mark) => [[{ ...agent(mark), version: mark('9.9.9') }], { by: 'owner-name-version' }]]], // prettier-ignore
  ['certificates.createMany', ['writes', isList, (mark) => [[certificate(mark)], { onError: 'collect' }]]],
];

const ofDatabase: Samples<Omit<DatabaseService, keyof TransactionScope | 'stats'>> = {
  initialize: ['writes', isNothing, () => []],
  transaction: ['reads', () => true, () => [() => 1]],
  health: ['reads', isObject, () => [{ timeoutMs: 2000 }]],
  check: ['reads', isObject, () => [{ maxFindings: 10 }]],
  maintain: ['writes', isObject, () => [{ expire: true, pruneChanges: { before: early }, pruneEvents: { before: early }, checkpoint: true, optimize: true }]], // prettier-ignore
  // The folder does not exist, so the call writes no file.
  backup: ['reads', isNothing, (mark) => [join(scratch, 'no-such-folder', mark('copy')), { onProgress: () => 1 }]],
  migrateDatabase: ['writes', isList, () => []],
  close: ['writes', isNothing, () => []],
};

const unmarked: Mark = (text) => text;

function toCall([name, [kind, isAnswer, args]]: readonly [string, Sample]): PublicCall {
  return { name, isAnswer, writes: kind === 'writes', args: (mark = unmarked) => args(mark) };
}

/** Every operation of a database and of a transaction. Reads come before writes. */
export const publicCalls: readonly PublicCall[] = [...Object.entries<Sample>(operations), ...forms]
  .map(toCall)
  .sort((one, other) => Number(one.writes) - Number(other.writes));

/** Every method that a database has and a transaction does not, except `stats`, which never fails. */
export const databaseCalls: readonly PublicCall[] = Object.entries<Sample>(ofDatabase).map(toCall);

/** Calls a method by its name and returns its promise, or the promise of the first value of an iterator. */
export function callMethod(target: object, name: string, args: readonly unknown[]): unknown {
  const [service, method = ''] = name.includes('.') ? name.split('.') : [undefined, name];
  const owner = service === undefined ? target : (Reflect.get(target, service) as object);
  // The arguments may be of any type, because tests check how the method handles them.
  const callable = Reflect.get(owner, method) as (...args: readonly unknown[]) => unknown;
  const given = Reflect.apply(callable, owner, args);
  const isIterator = typeof given === 'object' && given !== null && 'next' in given;
  return isIterator ? (given as AsyncGenerator).next() : given;
}

/** Makes a call with its sample arguments. */
export function makeCall(target: Target, { name, args }: PublicCall, mark?: Mark): Promise<unknown> {
  return Promise.resolve(callMethod(target, name, args(mark)));
}

/** Stores the records to which the sample arguments refer. */
export async function fillForCalls(db: DatabaseService, mark: Mark = unmarked): Promise<void> {
  await fillDirectory(db, mark);
  await db.recordSecurityEvent(eventInput({ id: mark('e') }));
}

/** Stores the agents and certificates to which the sample arguments refer. */
export async function fillDirectory(db: Target, mark: Mark): Promise<void> {
  await db.createCertificate(certificateInput({ id: mark('c'), fingerprint: mark('AA'), metadata: metadata(mark) }));
  await db.createCertificate(certificateInput({ id: mark('r'), fingerprint: mark('r'), status: 'REVOKED' }));
  await db.createCertificate(certificateInput({ id: mark('free'), fingerprint: mark('free') }));
  await db.createAgent({ ...agent(mark), id: mark('a') });
  for (const id of ['d', 'd2', 'd3', 's']) {
    await db.createAgent(agentInput({ id: mark(id), certificateId: mark('c'), owner: mark('test-owner') }));
  }
}
