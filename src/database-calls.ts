import type { AgentInput, AgentRecord, AgentUpdate, CreateOptions, UpdateOptions } from './agents/types';
import type { ResolutionQuery } from './agents/query/types';
import type { Certificate, CertificateInput, CertificateStatus } from './certificates/types';
import type { Change, ChangesQuery, FollowOptions, PruneChangesOptions } from './changes/types';
import type { SecurityEventInput } from './events/types';
import type { ReadOptions } from './options/read-options';
import type { Registration, RegistrationInput } from './registration/types';
import type { ResolveRequest, ResolveResult } from './resolution/types';

/** Frequently used methods of a database, or of one transaction. */
export interface DatabaseCalls {
  /**
   * Resolves a name to the best usable agent, with its certificate and its best endpoint, as one snapshot. An agent is
   * usable when it is ACTIVE and has not expired, and its certificate is VALID and within its validity. The best agent
   * is the first in this order: not deprecated; a release, not a prerelease, unless `request.version` is given; highest
   * version; latest update; lowest id. The best endpoint is the healthiest one; of several, the first in the order of
   * the agent.
   *
   * @returns the outcome: `resolved`, or why there is no result. See {@link ResolveResult}.
   * @throws INVALID_INPUT, also when a text or a list of the request is empty.
   * @see draft-narajala-ans, section 3.5: an unknown name and an incompatible version are different answers, and an
   * answer has a time to live.
   * @example
   * ```ts
   * const result = await db.resolve({ name: 'translator', owner: 'acme', version: '^1.2.0', protocol: 'https' });
   * if (result.outcome === 'resolved') console.log(result.agent.version, result.endpoint?.address);
   * else console.log(result.outcome);
   * ```
   */
  resolve(request: ResolveRequest, options?: ReadOptions): Promise<ResolveResult>;

  /**
   * Resolves several names, as {@link resolve} does, all as one snapshot.
   *
   * @param requests - at most 1,000 requests.
   * @returns the outcomes, in the order of the requests.
   * @throws INVALID_INPUT when a request is invalid; the message names the request. RESULT_TOO_LARGE when the results are
   * larger than `limits.answerLength`.
   * @example
   * ```ts
   * const [planner, translator] = await db.resolveMany([{ name: 'planner' }, { name: 'translator', version: '2.x' }]);
   * console.log(planner?.outcome, translator?.outcome);
   * ```
   */
  resolveMany(requests: readonly ResolveRequest[], options?: ReadOptions): Promise<ResolveResult[]>;

  /**
   * Stores a certificate, registers the agent that holds it, and records a security event if one is given, atomically.
   *
   * @returns the ids of the stored records.
   * @throws ALREADY_EXISTS when an id or the fingerprint is taken, when another agent holds the name and version, or
   * when another agent in the scope of the option `unique` has the name and version; INVALID_TRANSITION when the
   * certificate is REVOKED, unless `options.allowRevokedCertificate` is true; INVALID_INPUT when an argument is
   * invalid.
   * @example
   * ```ts
   * const { agentId } = await db.register({
   *   certificate,
   *   agent: { name: 'planner', version: '1.2.0', owner, publicKey },
   * });
   * ```
   */
  register(input: RegistrationInput, options?: CreateOptions): Promise<Registration>;

  /**
   * Reads the change feed: which agents and certificates were created, updated or deleted. Contains each committed
   * change exactly once, after all changes that were committed before it began, and no change that was rolled back.
   * After an interruption, continue after the last sequence number that you have read. On PostgreSQL, reads the
   * primary; a change becomes visible when no commit with a lower number is in progress.
   *
   * @returns the changes after the sequence number `query.after`, oldest first; an empty array when there are none.
   * @throws OUT_OF_RANGE when changes after `after` were pruned, or when `after` is greater than the last sequence
   * number: read all records again, and then follow without `after`; RESULT_TOO_LARGE when the ids have more characters
   * than `limits.answerLength`; CONFLICT inside a transaction; READ_ONLY on a PostgreSQL standby; INVALID_INPUT when an
   * argument is invalid.
   * @example
   * ```ts
   * const changes = await db.changes({ after: lastSequence, limit: 100 });
   * for (const { kind, entity, id } of changes) console.log(kind, entity, id);
   * ```
   */
  changes(query?: ChangesQuery, options?: ReadOptions): Promise<Change[]>;

  /**
   * Follows the change feed: yields each change after its commit, and waits for the next one until `signal` aborts.
   *
   * @throws the errors of {@link changes}. During the iteration, OUT_OF_RANGE when changes were pruned before they were
   * yielded. After any other error, follow again from the last sequence number.
   * @example
   * ```ts
   * for await (const change of db.followChanges({ after: lastSequence, signal })) {
   *   console.log(change.sequence, change.kind, change.id);
   * }
   * ```
   */
  followChanges(options?: FollowOptions): AsyncGenerator<Change, void, void>;

  /**
   * Deletes the oldest changes, up to the first change that is not older than `before` or that readers cannot see yet
   * (because an earlier commit is in progress). Call it when all followers have read these changes.
   *
   * @returns the number of deleted changes.
   * @throws CONFLICT inside a transaction; INVALID_INPUT when an option is invalid.
   * @example
   * ```ts
   * const weekMs = 7 * 24 * 60 * 60 * 1000;
   * const count = await db.pruneChanges({ before: new Date(Date.now() - weekMs) });
   * ```
   */
  pruneChanges(options: PruneChangesOptions): Promise<number>;

  /**
   * Registers an agent with its endpoints, capabilities and metadata, atomically.
   *
   * @returns the id of the agent, a UUIDv7 when the input has none.
   * @throws ALREADY_EXISTS when the id is taken, when another agent holds the name and version, or when another agent
   * in the scope of the option `unique` has the name and version; REFERENCE_NOT_FOUND when the certificate does not
   * exist; INVALID_TRANSITION when the certificate is REVOKED, unless `options.allowRevokedCertificate` is true;
   * INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const id = await db.createAgent({ name: 'planner', version: '1.2.0', owner, publicKey, certificateId });
   * console.log(`registered as ${id}`);
   * ```
   */
  createAgent(agent: AgentInput, options?: CreateOptions): Promise<string>;

  /**
   * Returns an agent with its endpoints, capabilities and metadata, as one snapshot; null when it does not exist. With
   * the option `cache`, the record is frozen and shared between callers.
   *
   * @throws INVALID_INPUT when `id` is not a string or is empty.
   * @example
   * ```ts
   * const agent = await db.getAgent(id);
   * if (agent === null) console.log('no such agent');
   * ```
   */
  getAgent(id: string, options?: ReadOptions): Promise<AgentRecord | null>;

  /**
   * Changes an agent atomically. `undefined` keeps a field, `null` clears an optional field, and `endpoints`,
   * `capabilities` and `metadata` replace the whole collection.
   *
   * @returns false when the agent does not exist.
   * @throws CONFLICT when the agent has changed since `options.ifUpdatedAt`; INVALID_TRANSITION when the agent is
   * REVOKED and gets another status, or when the new certificate is REVOKED, unless `options.allowRevokedCertificate`
   * is true; ALREADY_EXISTS when another agent holds the new name and version; REFERENCE_NOT_FOUND when the certificate
   * does not exist; INVALID_INPUT, also when the default endpoint does not belong to the agent.
   * @example
   * ```ts
   * const exists = await db.updateAgent({ id, description: null, capabilities: ['plan', 'search'] });
   * if (!exists) console.log('no such agent');
   * ```
   */
  updateAgent(agent: AgentUpdate, options?: UpdateOptions): Promise<boolean>;

  /**
   * Deletes an agent with its endpoints and metadata, and the capabilities that no other agent has, atomically.
   *
   * @returns false when the agent does not exist.
   * @throws INVALID_INPUT when `id` is not a string or is empty.
   * @example
   * ```ts
   * const exists = await db.deleteAgent(id);
   * if (!exists) console.log('no such agent');
   * ```
   */
  deleteAgent(id: string): Promise<boolean>;

  /**
   * Returns the agents that match all fields of a query, as one snapshot, in the requested order; an empty array when
   * none matches.
   *
   * @throws RESULT_TOO_LARGE when more than `maxResults` agents match a query without `limit`, or when the result is
   * larger than `limits.answerLength`; INVALID_INPUT when an argument is invalid.
   * @example
   * ```ts
   * const agents = await db.queryAgents({ capabilities: ['plan'], version: '^1.2.0', limit: 20 });
   * for (const { name, endpoints } of agents) console.log(name, endpoints);
   * ```
   */
  queryAgents(query: ResolutionQuery, options?: ReadOptions): Promise<AgentRecord[]>;

  /**
   * Stores a certificate with its metadata, atomically.
   *
   * @returns the id of the certificate, a UUIDv7 when the input has none.
   * @throws ALREADY_EXISTS when the id or the fingerprint is taken; INVALID_INPUT when the certificate is invalid.
   * @example
   * ```ts
   * const certificateId = await db.createCertificate(certificate);
   * await db.createAgent({ ...agent, certificateId });
   * ```
   */
  createCertificate(certificate: CertificateInput): Promise<string>;

  /**
   * Returns a certificate with its metadata, as one snapshot; null when it does not exist. With the option `cache`, the
   * record is frozen and shared between callers.
   *
   * @throws INVALID_INPUT when `id` is not a string or is empty.
   * @example
   * ```ts
   * const certificate = await db.getCertificate(certificateId);
   * if (certificate?.status !== 'VALID') console.log('not usable');
   * ```
   */
  getCertificate(id: string, options?: ReadOptions): Promise<Certificate | null>;

  /**
   * Returns the certificate with a fingerprint, as one snapshot; null when it does not exist. Ignores colons and case.
   * With the option `cache`, the record is frozen and shared between callers.
   *
   * @throws INVALID_INPUT when `fingerprint` is not a string or is empty.
   * @example
   * ```ts
   * const certificate = await db.getCertificateByFingerprint('3F:0A:91:7C');
   * if (certificate === null) console.log('unknown certificate');
   * ```
   */
  getCertificateByFingerprint(fingerprint: string, options?: ReadOptions): Promise<Certificate | null>;

  /**
   * Changes the status of a certificate. `certificates.revoke()` also suspends or revokes the agents that hold it.
   *
   * @returns false when the certificate does not exist.
   * @throws INVALID_TRANSITION when the certificate is REVOKED and `status` is not; INVALID_INPUT.
   * @example
   * ```ts
   * const exists = await db.updateCertificateStatus(certificateId, 'SUSPENDED');
   * if (!exists) console.log('unknown certificate');
   * ```
   */
  updateCertificateStatus(id: string, status: CertificateStatus): Promise<boolean>;

  /**
   * Records a security event with its metadata and its entry of the event chain, atomically.
   *
   * @returns the id of the event, a UUIDv7 when the input has none.
   * @throws ALREADY_EXISTS when the id is taken; INVALID_INPUT when the event is invalid.
   * @example
   * ```ts
   * const source = '203.0.113.7';
   * const description = 'more than 100 queries a second';
   * await db.recordSecurityEvent({ eventType: 'SYSTEM_ABUSE', severity: 'HIGH', source, target: agentId, description });
   * ```
   */
  recordSecurityEvent(event: SecurityEventInput): Promise<string>;
}
