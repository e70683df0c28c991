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
  toFeedEntry,
  withFeedEntries,
  withAgents,
  withCertificates,
} from './prediction';
import type { Directory, Prediction, Settings } from './prediction';
import { compareCodePoints } from './text';

/** Predicts `certificates.setMetadata`: `false` when the certificate does not exist. */
export function setCertificateMetadata(
  directory: Directory,
  { nowMs }: Settings,
  id: string,
  metadata: Metadata,
): Prediction {
  const before = directory.certificates.get(id);
  if (before === undefined) return answers(directory, false);
  return leaves(withCertificates(directory, [{ ...before, metadata }], 'UPDATED', nowMs), true);
}

/**
 * Predicts `certificates.delete`: STILL_REFERENCED while an agent uses the certificate. The certificates that it
 * replaced lose their `replacedBy`.
 */
export function deleteCertificate(directory: Directory, { nowMs }: Settings, id: string): Prediction {
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
  const changes = [toFeedEntry('certificate', id, 'DELETED', nowMs)];
  return leaves(asOneCall(directory, withFeedEntries({ ...after, certificates }, changes)), true);
}

/**
 * Predicts `certificates.revoke`: `null` when the certificate does not exist. `keep` changes no agent, `suspend`
 * changes ACTIVE and DEPRECATED agents, and `revoke` changes all agents.
 */
export function revoke(
  directory: Directory,
  { nowMs }: Settings,
  id: string,
  { reason, revokedAt, agents }: RevocationOptions,
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

/**
 * Predicts `certificates.rotate`, which returns the new id, gives the agents the new certificate and links the two
 * certificates. The status of the old certificate does not change.
 */
export function rotate(
  directory: Directory,
  settings: Settings,
  oldId: string,
  input: CertificateInput,
  { allowRevokedCertificate = false }: RotateOptions = {},
): Prediction {
  const created = createCertificate(directory, settings, input);
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

/**
 * Predicts `certificates.expireDue`, which changes VALID and SUSPENDED certificates whose `notAfter` has been reached.
 */
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
