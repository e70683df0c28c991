import { agentInput, certificateInput } from '../support/factories';
import { publicCalls } from '../support/public-calls';
import { agentFields } from './isolated-owners';

/** Converts a text of the owner of the scope into the text to use: the same, or the one of the other owner. */
type Mark = (text: string) => string;

/** One call of a scope. */
export interface ScopedCall {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly writes: boolean;
  /** True when the call creates a record with an id or a fingerprint that the other owner has. */
  readonly isTaken: boolean;
}

export const ownOwner = 'test-owner';

/** Returns the text of the other owner. The name of the owner itself stays, because another one is INVALID_INPUT. */
const ofOther: Mark = (text) => (text === ownOwner ? text : `other ${text}`);

type Sample = readonly [name: string, args: (mark: Mark) => readonly unknown[]];

const certificateMethods = ['get', 'getByFingerprint', 'query', 'revoke', 'rotate'].map(
  (name) => `certificates.${name}`,
);
const isScoped = (name: string): boolean =>
  (name.startsWith('agents.') && name !== 'agents.transfer') ||
  [...certificateMethods, 'register', 'resolve', 'resolveMany'].includes(name);

const scopedCalls = publicCalls.filter(({ name }) => isScoped(name));

/** Names of all methods of a scope that the table of calls has. */
export const scopedNames: readonly string[] = [...new Set(scopedCalls.map(({ name }) => name))];

const readNames: ReadonlySet<string> = new Set(scopedCalls.filter(({ writes }) => !writes).map(({ name }) => name));

/** Position of the query among the arguments of each method that has one. */
const queries: Readonly<Record<string, number>> = Object.fromEntries(
  ['agents.query', 'agents.page', 'agents.iterate', 'agents.count', 'agents.facets', 'certificates.query'].map((name) => [name, 0]), // prettier-ignore
);
const facets = [...['capability', 'owner', 'protocol', 'status', 'health'], { metadata: 'key' }].map((by) => ({ by }));
const early = new Date('2001-01-01');

/** Calls beside those of the table. `other-owner` is the name of the other owner. */
const samples: readonly Sample[] = [
  ...[{}, { latest: true }, { name: 'plan' }, { exactName: 'planner' }, { names: ['planner', 'x'] }, { version: '^2' }].flatMap(toQueries), // prettier-ignore
  ...[{ owner: ownOwner }, { owners: [ownOwner] }, { owner: 'other-owner' }, { owners: [ownOwner, 'other-owner'] }].flatMap(toQueries), // prettier-ignore
  ...[{ not: { owner: ownOwner } }, { not: { owner: 'other-owner' } }, { not: { owners: ['other-owner'] } }].flatMap(toQueries), // prettier-ignore
  ...[{ not: { version: '^1.1' } }, { not: { latest: true } }, { latest: true, version: '^2' }].flatMap(toQueries),
  ...[{ fingerprint: 'AA' }, { fingerprint: 'other AA' }, { fingerprint: 'free' }].flatMap(toQueries),
  ...[{ certificateStatus: ['REVOKED'] }, { hasEndpoint: false }, { protocol: 'mcp' }, { capabilities: ['plan'] }].flatMap(toQueries), // prettier-ignore
  ...[{ owner: undefined }, { owner: undefined, owners: undefined, name: 'planner' }, { limit: 2, offset: 1 }].flatMap(toQueries), // prettier-ignore
  ...[{ limit: 1 }, { orderBy: 'name' }, { orderBy: 'version' }, { orderBy: 'id', orderDirection: 'desc' }].flatMap(toQueries), // prettier-ignore
  ...['id', 'subject', 'notBefore', 'notAfter'].map((orderBy): Sample => ['certificates.query', () => [{ orderBy }]]),
  ['agents.facets', () => [{ latest: true }, facets]],
  ['agents.getMany', () => [['p1', 'other p1', 'p2', 'old', 'none']]],
  ['agents.page', () => [{}, { size: 2 }]],
  ['agents.versions', () => [{ name: 'planner' }]],
  ['agents.versions', () => [{ name: 'planner', owner: 'other-owner' }]],
  ['resolve', () => [{ name: 'planner' }]],
  ['resolve', () => [{ name: 'planner', version: '^2' }]],
  ['resolve', () => [{ name: 'planner', owner: 'other-owner' }]],
  ['resolve', () => [{ name: 'planner', capabilities: ['plan'], protocol: 'mcp' }]],
  ['resolve', () => [{ agentName: 'mcp://planner.plan.test-owner.v1.1.0' }]],
  ['resolve', () => [{ agentName: 'mcp://planner.plan.other-owner.v2.0.0' }]],
  ['resolve', () => [{ name: 'planner', allowDeprecated: true, allowUnhealthy: true }]],
  ['resolveMany', () => [[{ name: 'planner' }, { name: 'planner', version: '2.0.0' }, { name: 'none' }]]],
  ['certificates.get', (mark) => [mark('rc')]],
  ['certificates.get', () => ['free']],
  ['certificates.getByFingerprint', () => ['free']],
  ['agents.update', (mark) => [{ id: 'a', certificateId: mark('rc') }]],
  ['agents.update', (mark) => [{ id: mark('a'), certificateId: mark('rc') }, { allowRevokedCertificate: true }]],
  ['agents.update', () => [{ id: 'a', certificateId: 'free' }]],
  ['agents.update', () => [{ id: 'p1', version: '2.0.0' }]],
  ['agents.update', () => [{ id: 'p1', owner: 'other-owner' }]],
  ['agents.update', (mark) => [{ id: mark('p2'), defaultEndpoint: 'main', endpoints: [] }]],
  ['agents.update', (mark) => [{ id: mark('p2'), defaultEndpoint: 'main' }]],
  ['agents.setStatus', (mark) => [mark('p1'), 'REVOKED', { ifUpdatedAt: early }]],
  ['agents.setStatus', (mark) => [mark('s'), 'REVOKED']],
  ['agents.setStatus', (mark) => [mark('rv'), 'ACTIVE']],
  ['agents.renew', (mark) => [mark('due'), new Date('2050-01-01')]],
  ['agents.deprecate', (mark) => [mark('p1'), { successorId: mark('p2') }]],
  ['agents.deprecate', (mark) => [mark('p2'), {}]],
  ['agents.delete', (mark) => [mark('p2')]],
  ['agents.deleteMany', (mark) => [['d', mark('d2'), mark('d'), 'none', mark('p2')]]],
  ['agents.setEndpointHealth', (mark) => [mark('p1'), 'main', { status: 'UNHEALTHY' }]],
  ['agents.recordHealth', (mark) => [[report('p1'), report(mark('p2')), report(mark('p2')), report('none')]]],
  ['agents.create', (mark) => [agent('n', { certificateId: mark('c'), owner: undefined })]],
  ['agents.create', () => [agent('n', { certificateId: 'free' }), { allowRevokedCertificate: true }]],
  ['agents.create', () => [agent('n', { name: 'planner', version: '2.0.0' }), { unique: 'owner-name-version' }]],
  ['agents.create', () => [agent('n', { name: 'planner' }), { unique: 'owner-name-version' }]],
  ['agents.create', () => [agent('n', { name: 'planner' }), { unique: 'name-version' }]],
  ['agents.create', () => [agent('other p1')]],
  ['agents.createMany', (mark) => [[agent('n', { certificateId: mark('c') }), agent('m', { owner: undefined }), agent('n')], { onError: 'collect' }]], // prettier-ignore
  ['agents.createMany', () => [[agent('n'), agent('m', { owner: 'other-owner' })], { onError: 'collect' }]],
  ['agents.createMany', () => [[agent('n', { name: 'planner', version: '2.0.0' }), agent('m', { name: 'planner' })], { unique: 'owner-name-version', onError: 'collect' }]], // prettier-ignore
  ['agents.createMany', () => [[agent('other p1')], { onError: 'collect' }]],
  ['agents.updateMany', (mark) => [[{ id: mark('a'), certificateId: mark('rc') }, { id: 'a', description: 'x' }, { id: mark('a'), certificateId: 'free' }], { allowRevokedCertificate: true, onError: 'collect' }]], // prettier-ignore
  ['agents.updateMany', (mark) => [[{ id: 'a', description: 'y' }, { id: mark('p1'), metadata: { key: 1 }, capabilities: ['z'] }, { id: mark('rv'), status: 'ACTIVE' }], { onError: 'collect' }]], // prettier-ignore
  ['agents.updateMany', () => [[{ id: 'a', owner: 'other-owner' }, { id: 'p1', version: '2.0.0' }], { onError: 'collect' }]], // prettier-ignore
  ['agents.updateMany', () => [[{ id: 'p1', certificateId: 'other c' }]]],
  ['agents.upsertMany', (mark) => [[agent('p1', { certificateId: mark('c') }), agent('n', { certificateId: 'c' })], { by: 'id' }]], // prettier-ignore
  ['agents.upsertMany', () => [[agent('other p1')], { by: 'id' }]],
  ['agents.upsertMany', () => [[agent('n', { owner: 'other-owner' })], { by: 'id' }]],
  ['agents.upsertMany', () => [[agent('p1', { name: 'planner', certificateId: 'free' })], { by: 'id' }]],
  ['agents.upsertMany', () => [[{ ...agent('n', { name: 'planner', version: '2.0.0' }), owner: undefined }], { by: 'owner-name-version' }]], // prettier-ignore
  ['agents.upsertMany', (mark) => [[named({ certificateId: mark('c'), description: 'u' })], { by: 'owner-name-version' }]], // prettier-ignore
  ['agents.upsertMany', () => [[{ ...named({}), id: 'other p1' }], { by: 'owner-name-version' }]],
  ['agents.upsertMany', () => [[agent('other p1', { name: 'new' })], { by: 'owner-name-version' }]],
  ['agents.updateWhere', (mark) => [{ ids: ['p1', mark('p2'), mark('a')] }, { description: 'w' }]],
  ['agents.updateWhere', (mark) => [{ name: 'planner' }, { certificateId: mark('c'), metadata: {}, endpoints: [] }]],
  ['agents.updateWhere', () => [{ name: 'planner' }, { certificateId: 'free' }]],
  ['agents.updateWhere', () => [{ name: 'planner' }, { description: 'x' }, { expect: 4 }]],
  ['agents.updateWhere', () => [{ name: 'planner' }, { description: 'x' }, { expect: 2 }]],
  ['agents.updateWhere', () => [{}, { description: 'x' }]],
  ['agents.updateWhere', () => [{ owner: ownOwner }, { description: 'all', capabilities: ['all'] }]],
  ['agents.updateWhere', () => [{ owner: undefined, status: undefined }, { description: 'x' }]],
  ['agents.updateWhere', () => [{ name: 'planner' }, { owner: 'other-owner' }]],
  ['agents.updateWhere', () => [{ owners: ['other-owner'] }, { description: 'x' }]],
  ['agents.updateWhere', () => [{ not: { names: ['planner'] } }, { description: 'not', certificateId: 'c' }, { allowRevokedCertificate: true }]], // prettier-ignore
  ['agents.deleteWhere', () => [{}]],
  ['agents.deleteWhere', () => [{ owner: 'other-owner' }]],
  ['agents.deleteWhere', (mark) => [{ ids: ['d', mark('d3')] }]],
  ['agents.deleteWhere', () => [{ name: 'planner' }, { expect: 4 }]],
  ['agents.deleteWhere', () => [{ not: { names: ['other'] } }, { expect: 100 }]],
  ['agents.deleteWhere', () => [{ not: { exactName: 'planner' } }]],
  ...(['keep', 'suspend', 'revoke'] as const).map((agents): Sample => ['certificates.revoke', (mark) => [mark(agents === 'revoke' ? 'c' : `c-${agents}`), { reason: 'superseded', agents }]]), // prettier-ignore
  ['certificates.revoke', () => ['free', { reason: 'superseded', agents: 'revoke' }]],
  ['certificates.rotate', (mark) => [mark('c'), certificate('new-c', 'new')]],
  ['certificates.rotate', () => ['free', certificate('new-c2', 'new2')]],
  ['certificates.rotate', (mark) => [mark('c-keep'), certificate('other c', 'new3')]],
  ['certificates.rotate', (mark) => [mark('c-keep'), certificate('new-c4', 'other AA')]],
  ['register', () => [{ certificate: certificate('c', 'new5'), agent: registered('n') }]],
  ['register', () => [{ certificate: certificate('new-c6', 'new6'), agent: registered('n') }]],
  ['register', () => [{ certificate: certificate('new-c9', 'new9'), agent: { ...registered('n9'), owner: 'other-owner' } }]], // prettier-ignore
  ['register', () => [{ certificate: certificate('other c', 'new7'), agent: registered('n7') }]],
  ['register', () => [{ certificate: certificate('new-c8', 'other AA'), agent: registered('n8') }]],
  ['register', () => [{ certificate: certificate('new-c10', 'new10'), agent: registered('other p1') }]],
];

function toQueries(query: object): Sample[] {
  const names = ['agents.query', 'agents.count', 'agents.iterate', 'agents.page'];
  const ofAgents = names.map((name): Sample => [name, () => [query]]);
  return [...ofAgents, ['agents.facets', () => [query, facets]]];
}

function agent(id: string, fields: object = {}) {
  return { ...agentInput({ id, certificateId: 'c', owner: ownOwner }), ...agentFields, ...fields };
}

function named(fields: object) {
  return { ...agent('', { name: 'planner', ...fields }), id: undefined };
}

function registered(id: string) {
  return { ...agent(id), certificateId: undefined };
}

function report(agentId: string) {
  return { agentId, endpointId: 'main', status: 'UNHEALTHY', lastChecked: new Date('2040-01-01') };
}

function certificate(id: string, fingerprint: string) {
  return certificateInput({ id, fingerprint });
}

/**
 * Returns different calls of a method, each sample of it with texts of the owner and of the other owner. With
 * `isThorough`, also converts each text alone.
 */
export function callsOf(name: string, isThorough: boolean): ScopedCall[][] {
  const given: Sample[] = scopedCalls.filter((call) => call.name === name).map(({ args }) => [name, args]);
  const all = [...given.flatMap(withSingleFields), ...given, ...samples.filter(([method]) => method === name)];
  const known = new Set<string>();
  return all.map(([, args]) => {
    const marks = isThorough ? marksFor(args) : [ofOther, (text: string) => text];
    const given = marks.map((mark) => args(mark));
    const isNew = (one: readonly unknown[]): boolean => {
      const text = JSON.stringify(one);
      return known.size < known.add(text).size;
    };
    return given.filter(isNew).map((one) => toCall(name, one));
  });
}

/** Returns the mark of the other owner, a mark that converts only one of the texts, for each of them, and the own mark. */
function marksFor(args: Sample[1]): Mark[] {
  let count = 0;
  args((text) => {
    count += 1;
    return text;
  });
  const only = (position: number): Mark => {
    let at = 0;
    return (text) => (at++ === position ? ofOther(text) : text);
  };
  const single = Array.from({ length: count }, (_, position) => only(position));
  return [...(count > 1 ? [ofOther] : []), ...single, (text) => text];
}

/** Returns a call with each single field of the query of a sample, and with `not` of this field. */
function withSingleFields([name, args]: Sample): Sample[] {
  const place = queries[name];
  if (place === undefined) return [];
  return Object.keys(args((text) => text)[place] as object).flatMap((field): Sample[] => {
    const withQuery = (toQuery: (value: unknown) => object): Sample => [
      name,
      (mark) => args(mark).map((arg, at) => (at === place ? toQuery(Reflect.get(arg as object, field)) : arg)),
    ];
    return [withQuery((value) => ({ [field]: value })), withQuery((value) => ({ not: { [field]: value } }))];
  });
}

let created = 0;

/** Gives an id to each new record of the table, so that two databases get the same one. */
function toCall(name: string, args: readonly unknown[]): ScopedCall {
  const identified = (input: object): object => ('id' in input ? input : { ...input, id: `new-${++created}` });
  const [first, second] = args as readonly [object & Record<string, object>, object];
  const given: Readonly<Record<string, () => readonly unknown[]>> = {
    'agents.create': () => [identified(first), second],
    'agents.createMany': () => [(args[0] as object[]).map(identified), second],
    'agents.upsertMany': () => [(args[0] as object[]).map(identified), second],
    // The scope has no events.
    register: () => [{ certificate: identified(first['certificate'] ?? {}), agent: identified(first['agent'] ?? {}) }, second], // prettier-ignore
    'certificates.rotate': () => [first, identified(second), args[2]],
  };
  const complete = given[name]?.() ?? args;
  return { name, args: complete, writes: !readNames.has(name), isTaken: isTaken(name, complete) };
}

function isTaken(name: string, args: readonly unknown[]): boolean {
  const isOther = (input: unknown, ...fields: string[]): boolean =>
    fields.some((field) => /^other (c|AA|p1|a)$/.test(String(Reflect.get(input ?? {}, field))));
  const [first, second] = args as readonly [object, object];
  if (name === 'agents.create') return isOther(first, 'id');
  if (name === 'agents.createMany') return (first as object[]).some((input) => isOther(input, 'id'));
  if (name === 'agents.upsertMany') return (first as object[]).some((input) => isOther(input, 'id') && (Reflect.get(second, 'by') === 'id' || Reflect.get(input, 'name') === 'new')); // prettier-ignore
  if (name === 'certificates.rotate') return isOther(second, 'id', 'fingerprint');
  if (name !== 'register') return false;
  return isOther(Reflect.get(first, 'certificate'), 'id', 'fingerprint') || isOther(Reflect.get(first, 'agent'), 'id');
}
