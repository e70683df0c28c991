import type {
  AgentRecord,
  AgentUpdate,
  Certificate,
  CertificateInput,
  CreateOptions,
  DeprecateOptions,
  OwnedAgentInput,
  OwnedRegistrationInput,
  RevocationOptions,
  RotateOptions,
  UpdateOptions,
} from '../../src';
import { expireDueAgents } from './agent-change-model';
import { createAgent, updateAgent } from './agent-model';
import { register } from './batch-model';
import { revoke, rotate } from './certificate-life-model';
import { createCertificate } from './certificate-model';
import { answers, codesOf, fails, type Directory, type Prediction, type Settings } from './prediction';
import { deprecate } from './version-model';

/*
 * Predictions of the calls of `db.forOwner(owner)`. A read returns what the same read without a scope returns for the
 * records of the owner alone.
 */

/** Returns the agents of the owner as a scope shows them, with all certificates. */
export function agentsOf(directory: Directory, owner: string): Directory {
  const own = ownAgents(directory, owner);
  const shown = [...own].map(([id, agent]) => [id, withOwnSuccessor(agent, own)] as const);
  const certificates = [...directory.certificates].map(([id, certificate]) => [id, unlinked(certificate)] as const);
  return { ...directory, agents: new Map(shown), certificates: new Map(certificates) };
}

/** Returns the certificates that agents of the owner hold, and no other agents, as a scope shows them. */
export function certificatesOf(directory: Directory, owner: string): Directory {
  const own = [...directory.certificates].filter(([id]) => holdersOf(directory, id, owner) === 'own');
  return { ...directory, certificates: new Map(own.map(([id, certificate]) => [id, unlinked(certificate)])) };
}

/** Predicts a read that returns for `view` what the call returns; it changes nothing. */
export function reads(directory: Directory, { outcomes }: Prediction): Prediction {
  return { outcomes, next: () => directory };
}

/** Fields of an input or of a query that name owners. */
export interface NamedOwners {
  readonly owner?: string | undefined;
  readonly owners?: readonly string[] | undefined;
  readonly not?: Omit<NamedOwners, 'not'> | undefined;
}

/** Reports whether an input or a query, also its exclusion, names no other owner. */
export function isOfOwner({ owner, owners = [], not }: NamedOwners, scope: string): boolean {
  const given = owner === undefined ? owners : [owner, ...owners];
  return given.every((name) => name === scope) && (not === undefined || isOfOwner(not, scope));
}

/** Predicts the change of an agent: an agent of another owner is absent. */
export function changes(
  directory: Directory,
  owner: string,
  id: string,
  predict: (directory: Directory) => Prediction,
): Prediction {
  const before = directory.agents.get(id);
  if (before === undefined || before.owner === owner) return predict(directory);
  const agents = new Map(directory.agents);
  agents.delete(id);
  return reads(directory, predict({ ...directory, agents }));
}

export function createInScope(
  directory: Directory,
  settings: Settings,
  owner: string,
  input: OwnedAgentInput,
  options: CreateOptions,
): Prediction {
  if (!isOfOwner(input, owner) || options.unique === 'name-version') return fails(directory, 'INVALID_INPUT');
  const agent = { ...input, owner };
  const { outcomes } = createAgent(certificatesOf(directory, owner), settings, agent, options);
  return { outcomes, next: createAgent(directory, settings, agent, options).next };
}

export function updateInScope(
  directory: Directory,
  settings: Settings,
  owner: string,
  input: AgentUpdate,
  options: UpdateOptions = {},
): Prediction {
  if (!isOfOwner(input, owner)) return fails(directory, 'INVALID_INPUT');
  return changes(directory, owner, input.id, (seen) => {
    const { outcomes } = updateAgent(certificatesOf(seen, owner), settings, input, options);
    return { outcomes, next: updateAgent(seen, settings, input, options).next };
  });
}

export function deprecateInScope(
  directory: Directory,
  settings: Settings,
  owner: string,
  id: string,
  options: DeprecateOptions,
): Prediction {
  const own = { ...directory, agents: ownAgents(directory, owner) };
  const { outcomes } = deprecate(own, settings, id, options);
  return { outcomes, next: (result) => (result === true ? deprecate(directory, settings, id, options).next(result) : directory) }; // prettier-ignore
}

export function expireDueInScope(directory: Directory, settings: Settings, owner: string): Prediction {
  const { outcomes, next } = expireDueAgents({ ...directory, agents: ownAgents(directory, owner) }, settings);
  return {
    outcomes,
    next: (result) => {
      const after = next(result);
      return { ...after, agents: new Map([...directory.agents, ...after.agents]) };
    },
  };
}

export function registerInScope(
  directory: Directory,
  settings: Settings,
  owner: string,
  { certificate, agent }: OwnedRegistrationInput,
  options: CreateOptions,
): Prediction {
  if (!isOfOwner(agent, owner) || options.unique === 'name-version') return fails(directory, 'INVALID_INPUT');
  return register(directory, settings, { certificate, agent: { ...agent, owner } }, options);
}

/** Predicts `certificates.revoke` of a scope: CONFLICT when agents of several owners hold the certificate. */
export function revokeInScope(
  directory: Directory,
  settings: Settings,
  owner: string,
  id: string,
  options: RevocationOptions,
): Prediction {
  const holders = holdersOf(directory, id, owner);
  if (holders === 'own') return revoke(directory, settings, id, options);
  return holders === 'shared' ? fails(directory, 'CONFLICT') : answers(directory, null);
}

/** Predicts `certificates.rotate` of a scope: CONFLICT when agents of several owners hold the certificate. */
export function rotateInScope(
  directory: Directory,
  settings: Settings,
  owner: string,
  oldId: string,
  input: CertificateInput,
  options: RotateOptions,
): Prediction {
  const holders = holdersOf(directory, oldId, owner);
  if (holders === 'own') return rotate(directory, settings, oldId, input, options);
  const [code] = codesOf(createCertificate(directory, settings, input));
  if (code === 'INVALID_INPUT') return fails(directory, code);
  // An id or a fingerprint that is taken is reported rather than the absent certificate.
  return fails(directory, holders === 'shared' ? 'CONFLICT' : (code ?? 'REFERENCE_NOT_FOUND'));
}

function ownAgents({ agents }: Directory, owner: string): ReadonlyMap<string, AgentRecord> {
  return new Map([...agents].filter(([, agent]) => agent.owner === owner));
}

function holdersOf({ agents }: Directory, id: string, owner: string): 'own' | 'shared' | 'others' {
  const owners = new Set(
    [...agents.values()].filter((agent) => agent.certificateId === id).map((agent) => agent.owner),
  );
  if (!owners.has(owner)) return 'others';
  return owners.size === 1 ? 'own' : 'shared';
}

function withOwnSuccessor(agent: AgentRecord, own: ReadonlyMap<string, AgentRecord>): AgentRecord {
  const { successorId, ...deprecation } = agent.deprecation ?? {};
  if (agent.deprecation === undefined || successorId === undefined || own.has(successorId)) return agent;
  return { ...agent, deprecation: { ...deprecation, at: agent.deprecation.at } };
}

function unlinked(certificate: Certificate): Certificate {
  const copy = { ...certificate };
  delete copy.replacedBy;
  return copy;
}
