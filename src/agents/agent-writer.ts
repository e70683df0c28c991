import type { Metadata } from '../metadata/types';
import type {
  AgentInput,
  AgentStatus,
  AgentUpdate,
  ChangeOptions,
  CreateOptions,
  EndpointHealthInput,
  UpdateOptions,
} from './types';
import type { TransferOptions } from './transfer-types';
import type { DeprecateOptions } from './version-types';

/**
 * Methods of `db.agents` that change agents. Every change is atomic, and adds entries to the change feed. A call that
 * changes nothing adds no entry.
 */
export interface AgentWriter {
  /**
   * Registers an agent with its endpoints, capabilities and metadata, atomically.
   *
   * @returns the id of the agent, a UUIDv7 when the input has none.
   * @throws ALREADY_EXISTS when the id is taken, or when another agent holds the name and version; with the option
   * `unique`, also when another agent merely has the name and version; REFERENCE_NOT_FOUND when the certificate does
   * not exist; INVALID_TRANSITION when the certificate is REVOKED, unless `options.allowRevokedCertificate` is true;
   * INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const id = await db.agents.create(
   *   { name: 'planner', version: '1.2.0', owner, publicKey, certificateId, capabilities: ['plan'] },
   *   { unique: 'owner-name-version' },
   * );
   * ```
   */
  create(agent: AgentInput, options?: CreateOptions): Promise<string>;

  /**
   * Changes an agent atomically. `undefined` keeps a field, `null` clears an optional field, and `endpoints`,
   * `capabilities` and `metadata` replace the whole collection. Sets `updatedAt` to now, or to one millisecond after
   * the previous value if that is later. Clears a default endpoint that is missing from the new endpoints.
   *
   * @returns false when the agent does not exist.
   * @throws CONFLICT when the agent has changed since `options.ifUpdatedAt`; INVALID_TRANSITION when the agent is
   * REVOKED and gets another status, or when the new certificate is REVOKED, unless `options.allowRevokedCertificate`
   * is true; ALREADY_EXISTS when another agent holds the new name and version; REFERENCE_NOT_FOUND when the certificate
   * does not exist; INVALID_INPUT, also when the default endpoint does not belong to the agent.
   * @example
   * ```ts
   * const stored = await db.agents.get(id);
   * if (stored === null) throw new Error('no such agent');
   * await db.agents.update({ id, description: null }, { ifUpdatedAt: stored.updatedAt });
   * ```
   */
  update(agent: AgentUpdate, options?: UpdateOptions): Promise<boolean>;

  /**
   * Sets the status of an agent. REVOKED is permanent; setting it again changes nothing and returns true. ACTIVE removes
   * the deprecation; DEPRECATED stores no details, unlike {@link deprecate}.
   *
   * @returns false when the agent does not exist.
   * @throws INVALID_TRANSITION when the agent is REVOKED and `status` is not; CONFLICT when the agent has changed since
   * `options.ifUpdatedAt`; INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const exists = await db.agents.setStatus(id, 'SUSPENDED');
   * if (!exists) console.log('no such agent');
   * ```
   */
  setStatus(id: string, status: AgentStatus, options?: ChangeOptions): Promise<boolean>;

  /**
   * Sets the status of an ACTIVE agent to DEPRECATED. Stores the time, the reason and the id of the successor as
   * `deprecation`. For a DEPRECATED agent, replaces `deprecation`: an omitted reason or successor is removed. Setting
   * the status to ACTIVE removes `deprecation`. Deleting the successor removes `deprecation.successorId`, which is a
   * change of this agent. A successor can itself be deprecated, so successors can form a chain or a cycle.
   *
   * @returns false when the agent does not exist.
   * @throws INVALID_TRANSITION when the agent is neither ACTIVE nor DEPRECATED; REFERENCE_NOT_FOUND when no agent has
   * the id `options.successorId`; CONFLICT when the agent has changed since `options.ifUpdatedAt`; INVALID_INPUT when
   * an argument is invalid, or when the successor is the agent itself.
   * @example
   * ```ts
   * await db.agents.deprecate(id, { reason: 'Replaced by version 2', successorId });
   * const agent = await db.agents.get(id);
   * console.log(agent?.status, agent?.deprecation?.successorId);
   * ```
   */
  deprecate(id: string, options?: DeprecateOptions): Promise<boolean>;

  /**
   * Replaces all capabilities of an agent.
   *
   * @returns false when the agent does not exist.
   * @throws CONFLICT when the agent has changed since `options.ifUpdatedAt`; INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const exists = await db.agents.setCapabilities(id, ['plan', 'translate']);
   * if (!exists) console.log('no such agent');
   * ```
   */
  setCapabilities(id: string, names: readonly string[], options?: ChangeOptions): Promise<boolean>;

  /**
   * Replaces all metadata of an agent.
   *
   * @returns false when the agent does not exist.
   * @throws CONFLICT when the agent has changed since `options.ifUpdatedAt`; INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const exists = await db.agents.setMetadata(id, { region: 'eu', model: { name: 'small', layers: 12 } });
   * if (!exists) console.log('no such agent');
   * ```
   */
  setMetadata(id: string, metadata: Metadata, options?: ChangeOptions): Promise<boolean>;

  /**
   * Sets the given keys of an agent's metadata and keeps all other keys. Stores `null` like any other value: call
   * {@link setMetadata} to delete a key.
   *
   * @returns false when the agent does not exist.
   * @throws CONFLICT when the agent has changed since `options.ifUpdatedAt`; INVALID_INPUT, also when the merged
   * metadata exceed the limits.
   * @example
   * ```ts
   * const exists = await db.agents.mergeMetadata(id, { region: 'us' });
   * if (!exists) console.log('no such agent');
   * ```
   */
  mergeMetadata(id: string, metadata: Metadata, options?: ChangeOptions): Promise<boolean>;

  /**
   * Stores the result of a health check of an endpoint. Does not change `updatedAt` of the agent, but adds an entry to
   * the change feed.
   *
   * @param health - result of the health check. `lastChecked` defaults to the current time. A result without `message`
   * clears the stored message.
   * @returns false when the agent or the endpoint does not exist.
   * @throws INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const health = { status: 'DEGRADED', message: 'slow answer' } as const;
   * const exists = await db.agents.setEndpointHealth(agentId, 'main', health);
   * ```
   */
  setEndpointHealth(agentId: string, endpointId: string, health: EndpointHealthInput): Promise<boolean>;

  /**
   * Sets the end of an agent's registration to `expiresAt`. An EXPIRED agent becomes ACTIVE again and loses its
   * deprecation; every other status stays.
   *
   * @returns false when the agent does not exist.
   * @throws INVALID_TRANSITION when the agent is REVOKED; CONFLICT when the agent has changed since
   * `options.ifUpdatedAt`; INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const dayMs = 24 * 60 * 60 * 1000;
   * await db.agents.renew(id, new Date(Date.now() + 30 * dayMs));
   * ```
   */
  renew(id: string, expiresAt: Date, options?: ChangeOptions): Promise<boolean>;

  /**
   * Gives an agent to another owner. Its certificate, names and everything else stay. Changes nothing when the agent
   * already has this owner. An agent that was registered with `unique: 'owner-name-version'` no longer holds its name
   * afterwards. A certificate of agents of several owners cannot be revoked or rotated by a call that is limited to one
   * owner.
   *
   * @returns false when the agent does not exist.
   * @throws CONFLICT when the agent has another owner than `options.ifOwner`; ALREADY_EXISTS when another agent holds
   * the name and version; INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const exists = await db.agents.transfer(id, { to: 'globex', ifOwner: owner });
   * if (!exists) console.log('no such agent');
   * ```
   */
  transfer(id: string, options: TransferOptions): Promise<boolean>;

  /**
   * Deletes an agent with its endpoints and metadata, and the capabilities that no other agent has. Agents that were
   * deprecated in favor of the deleted agent lose their `deprecation.successorId`.
   *
   * @returns false when the agent does not exist.
   * @throws INVALID_INPUT when `id` is not a string, is empty or is longer than `limits.nameLength`.
   * @example
   * ```ts
   * const exists = await db.agents.delete(id);
   * if (!exists) console.log('no such agent');
   * ```
   */
  delete(id: string): Promise<boolean>;
}
