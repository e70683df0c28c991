import type {
  AgentStatus,
  Certificate,
  CertificateInput,
  CertificateQuery,
  CertificateStatus,
  DatabaseErrorCode,
  Metadata,
  RevocationOptions,
} from '../../src';
import { bareFingerprint, compareCodePoints, fold, hasBadText, holdsAll } from '../model/text';

/*
 * What contract.md says of the life of certificates and of the agents that hold them, in the plainest form. Nothing here
 * is taken from the package but the types.
 */

export interface Holder {
  readonly certificateId: string;
  readonly status: AgentStatus;
  readonly updatedAtMs: number;
}

/** All that there is. Never changed: a call makes another one. */
export interface World {
  readonly certificates: ReadonlyMap<string, Certificate>;
  readonly agents: ReadonlyMap<string, Holder>;
}

export type Call =
  | { readonly kind: 'create'; readonly input: CertificateInput & { id: string } }
  | { readonly kind: 'createAgent'; readonly id: string; readonly certificateId: string; readonly status: AgentStatus }
  | { readonly kind: 'updateStatus'; readonly id: string; readonly status: CertificateStatus }
  | { readonly kind: 'setMetadata'; readonly id: string; readonly metadata: Metadata }
  | { readonly kind: 'revoke'; readonly id: string; readonly options: RevocationOptions }
  | { readonly kind: 'rotate'; readonly oldId: string; readonly input: CertificateInput & { id: string } }
  | { readonly kind: 'delete'; readonly id: string }
  | { readonly kind: 'expireDue' }
  | { readonly kind: 'query'; readonly query: CertificateQuery }
  | { readonly kind: 'expiring'; readonly withinMs: number };

/** What a call must answer, and leave. */
export interface Prediction {
  readonly answer: { readonly result: unknown } | { readonly codes: readonly DatabaseErrorCode[] };
  readonly world: World;
  /** What it adds to the feed, in any order. */
  readonly news: readonly string[];
}

export function predict(world: World, call: Call, nowMs: number): Prediction {
  if (hasBadText(call)) return fails(world, 'INVALID_INPUT');
  switch (call.kind) {
    case 'create':
      return create(world, call.input, nowMs);
    case 'createAgent':
      return createAgent(world, call, nowMs);
    case 'updateStatus':
      return updateStatus(world, call, nowMs);
    case 'setMetadata':
      return changeIfThere(world, call.id, (certificate) => ({ ...certificate, metadata: call.metadata }));
    case 'revoke':
      return revoke(world, call, nowMs);
    case 'rotate':
      return rotate(world, call, nowMs);
    case 'delete':
      return remove(world, call.id);
    case 'expireDue':
      return expireDue(world, nowMs);
    case 'query':
      return answers(world, search(world, call.query));
    case 'expiring':
      return answers(world, findExpiring(world, nowMs, call.withinMs));
  }
}

function answers(world: World, result: unknown): Prediction {
  return { answer: { result }, world, news: [] };
}

function fails(world: World, ...codes: readonly DatabaseErrorCode[]): Prediction {
  return { answer: { codes }, world, news: [] };
}

function create(world: World, input: CertificateInput & { id: string }, nowMs: number): Prediction {
  const isTaken = (held: Certificate): boolean =>
    held.id === input.id || bareFingerprint(held.fingerprint) === bareFingerprint(input.fingerprint);
  if ([...world.certificates.values()].some(isTaken)) return fails(world, 'ALREADY_EXISTS');
  const { status = 'VALID', metadata = {}, createdAt = new Date(nowMs) } = input;
  const { id, subject, issuer, notBefore, notAfter, publicKey, certificate, fingerprint } = input;
  const texts = { id, subject, issuer, publicKey, certificate, fingerprint };
  const made: Certificate = { ...texts, notBefore, notAfter, status, metadata, createdAt };
  return {
    answer: { result: id },
    world: withCertificates(world, [made]),
    news: [`CERTIFICATE ${id} CREATED`],
  };
}

function createAgent(world: World, call: Call & { kind: 'createAgent' }, nowMs: number): Prediction {
  const codes: DatabaseErrorCode[] = [];
  if (world.agents.has(call.id)) codes.push('ALREADY_EXISTS');
  if (!world.certificates.has(call.certificateId)) codes.push('REFERENCE_NOT_FOUND');
  if (codes.length > 0) return fails(world, ...codes);
  const agent: Holder = { certificateId: call.certificateId, status: call.status, updatedAtMs: nowMs };
  const agents = new Map(world.agents).set(call.id, agent);
  return { answer: { result: call.id }, world: { ...world, agents }, news: [`AGENT ${call.id} CREATED`] };
}

function updateStatus(world: World, { id, status }: Call & { kind: 'updateStatus' }, nowMs: number): Prediction {
  const before = world.certificates.get(id);
  if (before === undefined) return answers(world, false);
  if (before.status === status) return answers(world, true);
  if (before.status === 'REVOKED') return fails(world, 'INVALID_TRANSITION');
  const revokedAt = status === 'REVOKED' ? { revokedAt: new Date(nowMs) } : {};
  return changeIfThere(world, id, (certificate) => ({ ...certificate, status, ...revokedAt }));
}

function changeIfThere(world: World, id: string, change: (certificate: Certificate) => Certificate): Prediction {
  const before = world.certificates.get(id);
  if (before === undefined) return answers(world, false);
  return {
    answer: { result: true },
    world: withCertificates(world, [change(before)]),
    news: [`CERTIFICATE ${id} UPDATED`],
  };
}

function revoke(world: World, { id, options }: Call & { kind: 'revoke' }, nowMs: number): Prediction {
  const before = world.certificates.get(id);
  if (before === undefined) return answers(world, null);
  if (before.status === 'REVOKED') return answers(world, { revoked: false, agents: [] });
  const { reason, revokedAt = new Date(nowMs), agents } = options;
  const isConcerned = ({ certificateId, status }: Holder): boolean => {
    if (certificateId !== id || agents === 'keep') return false;
    return agents === 'revoke' ? status !== 'REVOKED' : status === 'ACTIVE' || status === 'DEPRECATED';
  };
  const status = agents === 'revoke' ? 'REVOKED' : 'SUSPENDED';
  const changed = withAgents(world, isConcerned, (agent) => ({ ...agent, status, updatedAtMs: nowMs }));
  const certificate: Certificate = { ...before, status: 'REVOKED', revokedAt, revocationReason: reason };
  return {
    answer: { result: { revoked: true, agents: changed.ids } },
    world: withCertificates(changed.world, [certificate]),
    news: [`CERTIFICATE ${id} UPDATED`, ...changed.ids.map((agentId) => `AGENT ${agentId} UPDATED`)],
  };
}

function rotate(world: World, { oldId, input }: Call & { kind: 'rotate' }, nowMs: number): Prediction {
  const old = world.certificates.get(oldId);
  if (old === undefined) return fails(world, 'REFERENCE_NOT_FOUND');
  const created = create(world, input, nowMs);
  const codes: DatabaseErrorCode[] = old.replacedBy === undefined ? [] : ['CONFLICT'];
  if ('codes' in created.answer) codes.push(...created.answer.codes);
  if (codes.length > 0) return fails(world, ...codes);
  const changed = withAgents(
    withCertificates(created.world, [{ ...old, replacedBy: input.id }]),
    ({ certificateId }) => certificateId === oldId,
    (agent) => ({ ...agent, certificateId: input.id, updatedAtMs: nowMs }),
  );
  const updates = changed.ids.map((id) => `AGENT ${id} UPDATED`);
  return {
    answer: { result: input.id },
    world: changed.world,
    news: [...created.news, `CERTIFICATE ${oldId} UPDATED`, ...updates],
  };
}

function remove(world: World, id: string): Prediction {
  if (!world.certificates.has(id)) return answers(world, false);
  if ([...world.agents.values()].some(({ certificateId }) => certificateId === id)) {
    return fails(world, 'STILL_REFERENCED');
  }
  const predecessors = [...world.certificates.values()].filter(({ replacedBy }) => replacedBy === id);
  const unlinked = predecessors.map((predecessor) => {
    const copy = { ...predecessor };
    delete copy.replacedBy;
    return copy;
  });
  const certificates = new Map(withCertificates(world, unlinked).certificates);
  certificates.delete(id);
  return {
    answer: { result: true },
    world: { ...world, certificates },
    news: [`CERTIFICATE ${id} DELETED`, ...predecessors.map((certificate) => `CERTIFICATE ${certificate.id} UPDATED`)],
  };
}

function expireDue(world: World, nowMs: number): Prediction {
  const due = [...world.certificates.values()].filter(
    ({ status, notAfter }) => (status === 'VALID' || status === 'SUSPENDED') && notAfter.getTime() <= nowMs,
  );
  return {
    answer: { result: due.length },
    world: withCertificates(
      world,
      due.map((certificate) => ({ ...certificate, status: 'EXPIRED' })),
    ),
    news: due.map(({ id }) => `CERTIFICATE ${id} UPDATED`),
  };
}

function withCertificates(world: World, changed: readonly Certificate[]): World {
  const entries = changed.map((certificate) => [certificate.id, certificate] as const);
  return { ...world, certificates: new Map([...world.certificates, ...entries]) };
}

function withAgents(world: World, isConcerned: (agent: Holder) => boolean, change: (agent: Holder) => Holder) {
  const concerned = [...world.agents].filter(([, agent]) => isConcerned(agent));
  const agents = new Map([...world.agents, ...concerned.map(([id, agent]) => [id, change(agent)] as const)]);
  return { ids: concerned.map(([id]) => id).sort(compareCodePoints), world: { ...world, agents } };
}

function search(world: World, query: CertificateQuery): Certificate[] {
  const values = Object.values(query).filter((value) => value === '' || (Array.isArray(value) && value.length === 0));
  if (values.length > 0) return [];
  const { orderBy = 'createdAt', orderDirection, offset = 0, limit = Infinity } = query;
  const isAscending = (orderDirection ?? (query.orderBy === undefined ? 'desc' : 'asc')) === 'asc';
  const key = (certificate: Certificate): string | number => {
    const value = certificate[orderBy];
    return typeof value === 'string' ? value : value.getTime();
  };
  const compare = (first: Certificate, second: Certificate): number => {
    const [left, right] = [key(first), key(second)];
    const byKey = typeof left === 'number' ? left - Number(right) : compareCodePoints(left, String(right));
    return (isAscending ? byKey : -byKey) || compareCodePoints(first.id, second.id);
  };
  const found = [...world.certificates.values()].filter((certificate) => isMatch(certificate, query)).sort(compare);
  return found.slice(offset, offset + limit);
}

function isMatch(certificate: Certificate, query: CertificateQuery): boolean {
  const { ids, subject, issuer, status, fingerprint, expiresBefore, expiresAfter, metadata } = query;
  return (
    (ids === undefined || ids.includes(certificate.id)) &&
    (subject === undefined || fold(certificate.subject).includes(fold(subject))) &&
    (issuer === undefined || fold(certificate.issuer).includes(fold(issuer))) &&
    (status === undefined || status.includes(certificate.status)) &&
    (fingerprint === undefined || bareFingerprint(certificate.fingerprint) === bareFingerprint(fingerprint)) &&
    (expiresBefore === undefined || certificate.notAfter < expiresBefore) &&
    (expiresAfter === undefined || certificate.notAfter > expiresAfter) &&
    (metadata === undefined || holdsAll(certificate.metadata, metadata))
  );
}

function findExpiring(world: World, nowMs: number, withinMs: number): Certificate[] {
  const status = ['VALID', 'SUSPENDED'] as const;
  return search(world, { status, orderBy: 'notAfter' }).filter(
    ({ notAfter }) => notAfter.getTime() > nowMs && notAfter.getTime() <= nowMs + withinMs,
  );
}
