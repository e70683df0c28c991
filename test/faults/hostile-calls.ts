import type { AgentInput, DatabaseService, EndpointInput, TransactionScope } from '../../src';
import { agentInput, certificateInput, eventInput } from '../support/factories';

type Judge = (answer: unknown) => boolean;

/** A method of the public surface. */
export interface PublicCall {
  /** Such as `agents.create`. */
  readonly name: string;
  /** Right arguments with everything that can be given. */
  readonly args: () => readonly unknown[];
  /** Whether the contract allows this answer. */
  readonly isAnswer: Judge;
  /** Whether rows may be others after it. */
  readonly writes: boolean;
  /** Whether what it fails with is the caller's own, given these arguments. */
  readonly mayThrow?: (args: readonly unknown[]) => boolean;
}

const isText: Judge = (answer) => typeof answer === 'string';
const isTruth: Judge = (answer) => typeof answer === 'boolean';
const isCount: Judge = (answer) => Number.isSafeInteger(answer);
const isRecord: Judge = (answer) => answer === null || (typeof answer === 'object' && 'id' in answer);
const isObject: Judge = (answer) => typeof answer === 'object' && answer !== null;
const isList: Judge = (answer) => Array.isArray(answer);
const isPage: Judge = (answer) => isObject(answer) && isList(Reflect.get(answer as object, 'items'));
const isStep: Judge = (answer) => isObject(answer) && isTruth(Reflect.get(answer as object, 'done'));

const metadata = { key: ['value', { nested: 1 }] };
const early = new Date('2001-01-01');
const late = new Date('2099-01-01');
const endpoint: EndpointInput & { readonly health: object } = {
  id: 'main',
  protocol: 'https',
  address: 'https://agent.example',
  port: 443,
  health: { status: 'HEALTHY', lastChecked: early, message: 'fine' },
  metadata,
};
const agentFields: Partial<AgentInput> = {
  endpoints: [endpoint],
  defaultEndpoint: { id: 'main' },
  capabilities: ['read', 'write'],
  description: 'An agent',
  metadata,
  createdAt: early,
  updatedAt: early,
  expiresAt: late,
  status: 'ACTIVE',
};
// What comes after a spread is what a test means; ids are left out, so that the same call is right again and again.
const agent = () => ({ ...agentInput({ certificateId: 'c' }), ...agentFields });
const certificate = () => ({ ...certificateInput({ metadata, createdAt: early }), status: 'VALID' });
const event = () => ({
  ...eventInput({ metadata, timestamp: early }),
  mitigationApplied: true,
  mitigationDetails: 'x',
});
const resolution = {
  ids: ['a'],
  name: 'Agent',
  exactName: 'Test Agent',
  owner: 'test-owner',
  status: ['ACTIVE'],
  fingerprint: 'AA',
  capabilities: ['read'],
  allCapabilities: true,
  protocol: 'https',
  health: ['HEALTHY'],
  metadata,
  version: '^1.0.0',
  expiresBefore: late,
  expiresAfter: early,
  includeExpired: true,
  orderBy: 'name',
  orderDirection: 'asc',
};
const window = { limit: 10, offset: 0 };
const certificateQuery = {
  ids: ['c'],
  subject: 'CN',
  issuer: 'CN',
  status: ['VALID'],
  fingerprint: 'AA',
  expiresBefore: late,
  expiresAfter: early,
  metadata,
  orderBy: 'subject',
  orderDirection: 'desc',
  ...window,
};
const eventQuery = {
  ids: ['e'],
  from: early,
  to: late,
  eventTypes: ['THREAT_DETECTED'],
  severities: ['LOW'],
  minSeverity: 'LOW',
  source: 's',
  target: 't',
  mitigationApplied: false,
  metadata,
};
const primary = { consistency: 'primary' };
const page = { after: undefined, size: 10 };
const revocation = { reason: 'keyCompromise', revokedAt: early, agents: 'keep' };
const change = { ifUpdatedAt: early };
const unique = { unique: 'none' };

const reads: readonly (readonly [string, Judge, () => readonly unknown[]])[] = [
  ['agents.get', isRecord, () => ['a', primary]],
  ['agents.getMany', isList, () => [['a', 'b'], primary]],
  ['agents.query', isList, () => [{ ...resolution, ...window }, primary]],
  ['agents.page', isPage, () => [resolution, page, primary]],
  ['agents.iterate', isStep, () => [resolution, primary]],
  ['agents.count', isCount, () => [resolution, primary]],
  ['certificates.get', isRecord, () => ['c', primary]],
  ['certificates.getByFingerprint', isRecord, () => ['AA', primary]],
  ['certificates.query', isList, () => [certificateQuery, primary]],
  ['certificates.expiring', isList, () => [1000, primary]],
  ['events.get', isRecord, () => ['e', primary]],
  ['events.query', isList, () => [{ ...eventQuery, ...window }, primary]],
  ['events.page', isPage, () => [eventQuery, page, primary]],
  ['events.iterate', isStep, () => [eventQuery, primary]],
  ['events.count', isCount, () => [eventQuery, primary]],
  ['events.aggregate', isList, () => [eventQuery, { by: { bucketMs: 1000 } }, primary]],
  ['events.verify', isObject, () => [primary]],
  ['changes', isList, () => [{ after: 0, limit: 10 }, primary]],
  ['followChanges', isStep, () => [{ after: 0, pollMs: 0, signal: AbortSignal.timeout(1000) }]],
  ['getAgent', isRecord, () => ['a', primary]],
  ['queryAgents', isList, () => [resolution, primary]],
  ['getCertificate', isRecord, () => ['c', primary]],
  ['getCertificateByFingerprint', isRecord, () => ['AA', primary]],
  ['querySecurityEvents', isList, () => [eventQuery, primary]],
  ['querySecurityEvents', isList, () => [early, late, ['x'], ['LOW'], 's', 't', 10, 0]],
];

const writes: readonly (readonly [string, Judge, () => readonly unknown[]])[] = [
  ['agents.create', isText, () => [agent(), unique]],
  ['agents.createMany', isList, () => [[agent(), agent()], { ...unique, onError: 'abort', onProgress: () => 1 }]],
  ['agents.createMany', isList, () => [[agent(), agent()], { ...unique, onError: 'collect' }]],
  ['agents.update', isTruth, () => [{ id: 'a', ...agent() }]],
  ['agents.setStatus', isTruth, () => ['a', 'ACTIVE', change]],
  ['agents.setCapabilities', isTruth, () => ['a', ['read']]],
  ['agents.setMetadata', isTruth, () => ['a', metadata]],
  ['agents.mergeMetadata', isTruth, () => ['a', metadata]],
  ['agents.setEndpointHealth', isTruth, () => ['a', 'main', endpoint.health]],
  ['agents.renew', isTruth, () => ['a', late]],
  ['agents.delete', isTruth, () => ['absent']],
  ['certificates.create', isText, () => [certificate()]],
  ['certificates.updateStatus', isTruth, () => ['c', 'SUSPENDED']],
  ['certificates.setMetadata', isTruth, () => ['c', metadata]],
  ['certificates.delete', isTruth, () => ['absent']],
  ['certificates.revoke', (answer) => answer === null || isObject(answer), () => ['r', revocation]],
  ['certificates.rotate', isText, () => ['c', certificate()]],
  ['events.record', isText, () => [event()]],
  ['events.recordMany', isList, () => [[event(), event()]]],
  ['events.markMitigated', isTruth, () => ['e', { applied: true, details: 'done' }]],
  ['events.prune', isCount, () => [{ before: early, batchSize: 10 }]],
  ['register', isObject, () => [{ certificate: certificate(), agent: { ...agent(), certificateId: undefined }, event: event() }, unique]], // prettier-ignore
  ['pruneChanges', isCount, () => [{ before: early, batchSize: 10 }]],
  ['createAgent', isText, () => [agent(), unique]],
  ['updateAgent', isTruth, () => [{ id: 'a', ...agent() }, change]],
  ['deleteAgent', isTruth, () => ['absent']],
  ['createCertificate', isText, () => [certificate()]],
  ['updateCertificateStatus', isTruth, () => ['c', 'SUSPENDED']],
  ['recordSecurityEvent', isText, () => [event()]],
];

/** Every method of the services and the flat ones that takes something: of a database, and of a transaction alike. */
export const publicCalls: readonly PublicCall[] = [
  ...reads.map(([name, isAnswer, args]) => ({ name, isAnswer, args, writes: false })),
  ...writes.map(([name, isAnswer, args]) => ({ name, isAnswer, args, writes: true })),
];

/** Those of the database itself. `backup` writes files, and has tests of its own. */
export const databaseCalls: readonly PublicCall[] = [
  { name: 'health', isAnswer: isObject, args: () => [{ timeoutMs: 2000 }], writes: false },
  { name: 'check', isAnswer: isObject, args: () => [{ maxFindings: 10 }], writes: false },
  {
    name: 'transaction',
    isAnswer: () => true,
    args: () => [() => 1],
    writes: false,
    mayThrow: ([work]) => typeof work === 'function',
  },
];

export type Path = readonly (string | number)[];

/** The paths of all that `value` is made of, itself included. */
export function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof AbortSignal)
    return [path];
  const keys = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return [path, ...keys.flatMap((key) => pathsOf(Reflect.get(value, key), [...path, key]))];
}

/** A copy of `value` with another value at `path`. */
export function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  const copy: object = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  const element = replaced(Reflect.get(copy, key), rest, by);
  Object.defineProperty(copy, key, { value: element, enumerable: true, configurable: true, writable: true });
  return copy;
}

/** Makes a call as JavaScript can, and asks an iterator for its first value. */
export function call(on: DatabaseService | TransactionScope, name: string, args: readonly unknown[]): unknown {
  const [service, method = ''] = name.includes('.') ? name.split('.') : [undefined, name];
  const target = service === undefined ? on : (Reflect.get(on, service) as object);
  // Whatever the method makes of the arguments is what the tests are about.
  const callable = Reflect.get(target, method) as (...args: readonly unknown[]) => unknown;
  const given = Reflect.apply(callable, target, args);
  const isIterator = typeof given === 'object' && given !== null && 'next' in given;
  return isIterator ? (given as AsyncGenerator).next() : given;
}

/** The records that the arguments speak of. */
export async function fillForCalls(db: DatabaseService): Promise<void> {
  await db.createCertificate(certificateInput({ id: 'c', fingerprint: 'AA', metadata }));
  await db.createCertificate(certificateInput({ id: 'r', status: 'REVOKED' }));
  await db.createAgent({ ...agentInput({ id: 'a', certificateId: 'c' }), ...agentFields });
  await db.recordSecurityEvent(eventInput({ id: 'e' }));
}
