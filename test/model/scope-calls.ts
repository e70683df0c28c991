import fc, { type Arbitrary } from 'fast-check';
import type { OwnedAgentInput, OwnedRegistrationInput, ResolutionQuery } from '../../src';
import { callMethod } from '../support/public-calls';
import * as agents from './agent-arbitraries';
import { mergeMetadata, renew, setEndpointHealth, setStatus } from './agent-change-model';
import { deleteAgent } from './agent-model';
import { inOrder } from './batch-model';
import * as certificates from './certificate-arbitraries';
import { getByFingerprint } from './certificate-model';
import { searchCertificates } from './certificate-search-model';
import { countFacets } from './facet-model';
import { call, type Call } from './operation';
import { agentId, certificateId, endpointId, fingerprint, metadata, someOf, time } from './pools';
import { answers, asOneCall, fails, leaves } from './prediction';
import type { Directory, Predict, Prediction, Settings } from './prediction';
import { findAgents, searchAgents } from './resolution-model';
import { resolve } from './resolve-model';
import {
  agentsOf,
  certificatesOf,
  changes,
  createInScope,
  deprecateInScope,
  expireDueInScope,
  isOfOwner,
  type NamedOwners,
  reads,
  registerInScope,
  revokeInScope,
  rotateInScope,
  updateInScope,
} from './scope-model';
import { versions } from './version-model';
import { counted } from './window-model';

/** Returns an arbitrary in which the owner is mostly absent, often that of the scope, and rarely another one. */
function owned<T extends { owner?: string | undefined }>(input: Arbitrary<T>, owner: string): Arbitrary<T> {
  return fc.tuple(input, fc.nat(19)).map(([{ owner: given, ...rest }, chance]) => {
    const kept = chance < 2 ? given : chance < 8 ? owner : undefined;
    // The cast is safe: every input of a scope may omit the owner.
    return (kept === undefined ? rest : { ...rest, owner: kept }) as T;
  });
}

/** Random calls of `db.forOwner(owner)`, as in `calls.ts`. */
const callsOf = (owner: string) => {
  const scoped = <Args extends unknown[]>(
    weight: number,
    method: string,
    parameters: [...{ [K in keyof Args]: Arbitrary<Args[K]> }],
    predict: Predict<Args>,
  ): Call<Args> =>
    call<Args>(weight, `forOwner(${owner}).${method}`, parameters, predict, (target, ...args) =>
      Promise.resolve(callMethod(target.forOwner(owner), method, args)),
    );
  const agent: Arbitrary<OwnedAgentInput> = owned<OwnedAgentInput>(agents.agentInput, owner);
  const registration = fc
    .tuple(certificates.certificateInput, agent)
    .map(([certificate, rest]): OwnedRegistrationInput => ({
      certificate,
      agent: { ...rest, certificateId: undefined },
    }));
  const search = <Q extends NamedOwners, Rest extends unknown[]>(predict: Predict<[query: Q, ...Rest]>) => {
    return (directory: Directory, settings: Settings, query: Q, ...rest: Rest): Prediction =>
      isOfOwner(query, owner)
        ? reads(directory, predict(agentsOf(directory, owner), settings, query, ...rest))
        : fails(directory, 'INVALID_INPUT');
  };
  /** Predicts a call whose prediction takes the owner. */
  const inScope = <Args extends unknown[]>(predict: Predict<[owner: string, ...Args]>) => {
    return (directory: Directory, settings: Settings, ...args: Args): Prediction =>
      predict(directory, settings, owner, ...args);
  };
  /** Predicts the change of one agent. */
  const ofAgent = <Args extends unknown[]>(predict: Predict<[id: string, ...Args]>) => {
    return (directory: Directory, settings: Settings, id: string, ...args: Args): Prediction =>
      changes(directory, owner, id, (seen) => predict(seen, settings, id, ...args));
  };
  return [
    scoped(1, 'agents.get', [agentId], (directory, _, id) =>
      answers(directory, agentsOf(directory, owner).agents.get(id) ?? null),
    ),
    scoped(3, 'agents.query', [owned(agents.resolutionQuery, owner)], search(searchAgents)),
    scoped(
      1,
      'agents.count',
      [owned(agents.resolutionQuery, owner)],
      search((view, settings, query: ResolutionQuery) => counted(view, findAgents(view, settings, query), query)),
    ),
    scoped(1, 'agents.facets', [owned(agents.facetQuery, owner), agents.facetRequests], search(countFacets)),
    scoped(1, 'agents.versions', [owned(agents.versionsRequest, owner)], search(versions)),
    scoped(2, 'resolve', [owned(agents.resolveRequest, owner)], search(resolve)),
    scoped(3, 'agents.create', [agent, agents.createOptions], inScope(createInScope)),
    scoped(3, 'agents.update', [owned(agents.agentUpdate, owner), agents.updateOptions], inScope(updateInScope)),
    scoped(
      2,
      'agents.updateMany',
      [fc.array(owned(agents.agentUpdate, owner), { maxLength: 4 }), agents.updateManyOptions],
      (directory, settings, updates, { onError, ...options }) =>
        inOrder(directory, updates, onError, {
          predict: (before, input) => updateInScope(before, settings, owner, input, options),
          toResult: ({ id }, changed) => ({ ok: true, id, changed }),
        }),
    ),
    scoped(1, 'agents.delete', [agentId], ofAgent(deleteAgent)),
    scoped(1, 'agents.deleteMany', [someOf(agentId)], (directory, settings, ids) => {
      if (ids.includes('')) return fails(directory, 'INVALID_INPUT');
      const results: boolean[] = [];
      const after = ids.reduce((before, id) => {
        const isOwn = before.agents.get(id)?.owner === owner;
        results.push(isOwn);
        return isOwn ? deleteAgent(before, settings, id).next(true) : before;
      }, directory);
      return leaves(asOneCall(directory, after), results);
    }),
    scoped(1, 'agents.setStatus', [agentId, agents.agentStatus, agents.changeOptions], ofAgent(setStatus)),
    scoped(1, 'agents.mergeMetadata', [agentId, metadata, agents.changeOptions], ofAgent(mergeMetadata)),
    scoped(1, 'agents.setEndpointHealth', [agentId, endpointId, agents.health], ofAgent(setEndpointHealth)),
    scoped(1, 'agents.renew', [agentId, time, agents.changeOptions], ofAgent(renew)),
    scoped(1, 'agents.deprecate', [agentId, agents.deprecateOptions], inScope(deprecateInScope)),
    scoped(1, 'agents.expireDue', [], inScope(expireDueInScope)),
    scoped(2, 'register', [registration, agents.createOptions], inScope(registerInScope)),
    scoped(1, 'certificates.get', [certificateId], (directory, _, id) =>
      answers(directory, certificatesOf(directory, owner).certificates.get(id) ?? null),
    ),
    scoped(1, 'certificates.getByFingerprint', [fingerprint], (directory, _, text) =>
      answers(directory, getByFingerprint(certificatesOf(directory, owner), text)),
    ),
    scoped(2, 'certificates.query', [certificates.certificateQuery], (directory, settings, query) =>
      reads(directory, searchCertificates(certificatesOf(directory, owner), settings, query)),
    ),
    scoped(1, 'certificates.revoke', [certificateId, certificates.revocation], inScope(revokeInScope)),
    scoped(
      2,
      'certificates.rotate',
      [certificateId, certificates.certificateInput, certificates.rotateOptions],
      inScope(rotateInScope),
    ),
  ];
};

export const scopeCalls = ['one', 'two'].flatMap(callsOf);
