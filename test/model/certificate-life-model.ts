import type {
  AgentRecord,
  Certificate,
  CertificateInput,
  DatabaseErrorCode,
  Metadata,
  RevocationOptions,
  RotateOptions,
} from '../../src';
import { nextUpdate } from './agent-model';
import { createCertificate } from './certificate-model';
import {
  answers,
  asOneCall,
  codesOf,
  fails,
  leaves,
  toNews,
  told,
  withAgents,
  withCertificates,
  type Directory,
  type Prediction,
  type Settings,
} from './prediction';
import { compareCodePoints } from './text';

/** `false` when absent. */
export function setCertificateMetadata(
  directory: Directory,
  id: string,
  metadata: Metadata,
  { nowMs }: Settings,
): Prediction {
  const before = directory.certificates.get(id);
  if (before === undefined) return answers(directory, false);
  return leaves(withCertificates(directory, [{ ...before, metadata }], 'UPDATED', nowMs), true);
}

/** STILL_REFERENCED while an agent holds it. What it had replaced loses the link. */
export function deleteCertificate(directory: Directory, id: string, { nowMs }: Settings): Prediction {
  if (!directory.certificates.has(id)) return answers(directory, false);
  if (holdersOf(directory, id).length > 0) return fails(directory, 'STILL_REFERENCED');
  const predecessors = [...directory.certificates.values()].filter(({ replacedBy }) => replacedBy === id);
  const unlinked = predecessors.map((predecessor) => {
    const copy = { ...predecessor };
    delete copy.replacedBy;
    return copy;
  });
  const after = withCertificates(directory, unlinked, 'UPDATED', nowMs);
  const certificates = new Map(after.certificates);
  certificates.delete(id);
  const news = [toNews('certificate', id, 'DELETED', nowMs)];
  return leaves(asOneCall(directory, told({ ...after, certificates }, news)), true);
}

/** `null` when absent; `keep`, `suspend` (ACTIVE and DEPRECATED agents) or `revoke` (all). */
export function revoke(
  directory: Directory,
  id: string,
  { reason, revokedAt, agents }: RevocationOptions,
  { nowMs }: Settings,
): Prediction {
  const before = directory.certificates.get(id);
  if (before === undefined) return answers(directory, null);
  if (before.status === 'REVOKED') return answers(directory, { revoked: false, agents: [] });
  const touched = {
    keep: [],
    suspend: ['ACTIVE', 'DEPRECATED'],
    revoke: ['ACTIVE', 'DEPRECATED', 'SUSPENDED', 'EXPIRED'],
  };
  const after: Certificate = {
    ...before,
    status: 'REVOKED',
    revokedAt: revokedAt ?? new Date(nowMs),
    revocationReason: reason,
  };
  const status = agents === 'suspend' ? ('SUSPENDED' as const) : ('REVOKED' as const);
  const holders = holdersOf(directory, id).filter((holder) => touched[agents].some((from) => from === holder.status));
  const changed = holders.map((agent) => ({ ...agent, status, updatedAt: nextUpdate(agent, nowMs) }));
  const certified = withCertificates(directory, [after], 'UPDATED', nowMs);
  const ids = holders.map((agent) => agent.id).sort(compareCodePoints);
  const next = asOneCall(directory, withAgents(certified, changed, 'UPDATED', nowMs));
  return leaves(next, { revoked: true, agents: ids });
}

/** The new id. Leaves the old certificate's status alone, points its agents to the new one and links the two. */
export function rotate(
  directory: Directory,
  oldId: string,
  input: CertificateInput,
  settings: Settings,
  { allowRevokedCertificate = false }: RotateOptions = {},
): Prediction {
  const created = createCertificate(directory, input, settings);
  if (oldId === '' || codesOf(created).includes('INVALID_INPUT')) {
    return fails(directory, 'INVALID_INPUT');
  }
  const old = directory.certificates.get(oldId);
  const codes: DatabaseErrorCode[] = codesOf(created);
  if (old === undefined) codes.push('REFERENCE_NOT_FOUND');
  if (old?.replacedBy !== undefined) codes.push('CONFLICT');
  if (input.status === 'REVOKED' && !allowRevokedCertificate) codes.push('INVALID_TRANSITION');
  if (old === undefined || codes.length > 0) return fails(directory, ...codes);
  const next = (result: unknown): Directory => {
    const id = String(result);
    const { nowMs } = settings;
    const linked = withCertificates(created.next(id), [{ ...old, replacedBy: id }], 'UPDATED', nowMs);
    const holders = holdersOf(directory, oldId).map((agent) => {
      return { ...agent, certificateId: id, updatedAt: nextUpdate(agent, nowMs) };
    });
    return asOneCall(directory, withAgents(linked, holders, 'UPDATED', nowMs));
  };
  return { outcomes: created.outcomes, next };
}

/** Makes VALID and SUSPENDED certificates EXPIRED whose `notAfter` has come. */
export function expireDueCertificates(directory: Directory, { nowMs }: Settings): Prediction {
  const due = [...directory.certificates.values()].filter(
    ({ status, notAfter }) => ['VALID', 'SUSPENDED'].includes(status) && notAfter.getTime() <= nowMs,
  );
  const expired = due.map((certificate) => ({ ...certificate, status: 'EXPIRED' as const }));
  return leaves(withCertificates(directory, expired, 'UPDATED', nowMs), due.length);
}

function holdersOf({ agents }: Directory, id: string): AgentRecord[] {
  return [...agents.values()].filter(({ certificateId }) => certificateId === id);
}
