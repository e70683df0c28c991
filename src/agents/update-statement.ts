import { defineCachedStatement, type Bind } from '../sql/cached-statement';
import { fieldsOf, toColumnValue } from '../sql/columns';
import type { Dialect } from '../sql/dialect';
import { join, raw, sql, type Sql } from '../sql/sql';
import type { Statement } from '../sql/statement';
import { isHeldOnlyBy } from '../certificates/held-only-by';
import { agentTable } from './agent-table';
import type { AgentChange, AgentColumns } from './new-row';
import type { NameKeys } from './unique-key';

/** Change of an agent's row in the table `agents`. */
export interface RowChange extends Pick<AgentChange, 'id' | 'columns'> {
  /** Keys of the new name and version; undefined when the name, the version and the owner stay the same. */
  readonly newNameKeys: NameKeys | undefined;
  /** True when the statement must fail if the new certificate is REVOKED. */
  readonly refusesRevoked: boolean;
  /**
   * Owner to whom the call is limited: no agent of another owner may hold the new certificate. Undefined for all
   * owners.
   */
  readonly certificateOwner: string | undefined;
  /**
   * Ids of the new endpoints. Undefined when the endpoints stay the same, or when the change sets the default endpoint.
   */
  readonly endpointIds: readonly string[] | undefined;
}

/** Cache key of the statement that changes an agent's row: everything that its SQL text depends on. */
interface RowChangeKey extends Pick<RowChange, 'refusesRevoked'> {
  readonly fields: readonly (keyof AgentColumns)[];
  readonly isRenamed: boolean;
  readonly hasNewEndpoints: boolean;
  readonly isCertificateOwned: boolean;
}

const fields = fieldsOf(agentTable);

/**
 * Defines the statement that changes the row of an agent. The statement fails when another agent holds the new name, or
 * when the new certificate is REVOKED. For this, it writes NULL to the column `name` or `certificate_id`, which are NOT
 * NULL. So no separate query is needed. `toRefusal` converts the error.
 */
export function defineUpdate(dialect: Dialect): (change: RowChange) => Statement {
  return defineCachedStatement<RowChange, RowChangeKey>(
    ({ columns, newNameKeys, refusesRevoked, certificateOwner, endpointIds }) => ({
      fields: fields.filter((field) => field !== 'id' && columns[field] !== undefined),
      isRenamed: newNameKeys !== undefined,
      refusesRevoked,
      hasNewEndpoints: endpointIds !== undefined,
      isCertificateOwned: certificateOwner !== undefined,
    }),
    (key, bind) => sql`UPDATE agents SET ${join(assignments(dialect, key, bind))} WHERE id = ${bind(({ id }) => id)}`,
  );
}

function assignments(dialect: Dialect, key: RowChangeKey, bind: Bind<RowChange>): Sql[] {
  const given = new Map(
    key.fields.map((field) => {
      const parameter = bind(({ columns }) => (field === 'id' ? null : (columns[field] ?? null)));
      return [field, toColumnValue(dialect, agentTable[field][1], parameter)];
    }),
  );
  if (key.isRenamed) {
    const keys = [
      bind(({ newNameKeys }) => newNameKeys?.allKey ?? null),
      bind(({ newNameKeys }) => newNameKeys?.ownerKey ?? null),
    ];
    const isHeld = sql`EXISTS (SELECT 1 FROM agents h WHERE h.unique_key IN (${join(keys)}) AND h.id <> ${bind(({ id }) => id)})`;
    given.set('name', sql`CASE WHEN ${isHeld} THEN NULL ELSE ${given.get('name') ?? sql`name`} END`);
  }
  const certificateId = given.get('certificateId');
  if (key.refusesRevoked && certificateId !== undefined) {
    given.set('certificateId', sql`CASE WHEN ${isRevoked(dialect, certificateId)} THEN NULL ELSE ${certificateId} END`);
  }
  if (key.isCertificateOwned && certificateId !== undefined) {
    const owner = bind(({ certificateOwner }) => certificateOwner ?? null);
    given.set('certificateId', ownedCertificate(certificateId, owner, given.get('certificateId') ?? certificateId));
  }
  if (key.hasNewEndpoints) {
    const ids = dialect.jsonArrayElements(bind(({ endpointIds }) => JSON.stringify(endpointIds ?? [])));
    given.set('defaultEndpointId', sql`CASE WHEN default_endpoint_id IN (${ids}) THEN default_endpoint_id END`);
  }
  return [...given].map(([field, value]) => sql`${raw(agentTable[field][0])} = ${value}`);
}

/**
 * Composes an SQL expression for the id of a certificate. The value is `allowed` if only agents of `owner` hold the
 * certificate, otherwise ''. No certificate has the id '', so the foreign key reports an unknown certificate.
 */
export function ownedCertificate(certificateId: Sql, owner: Sql, allowed: Sql): Sql {
  return sql`CASE WHEN ${isHeldOnlyBy(certificateId, owner)} THEN ${allowed} ELSE '' END`;
}

/**
 * Composes the condition that a certificate is REVOKED. On engines with row locks, also locks the certificate. It then
 * cannot be revoked while an agent is being attached to it.
 */
export function isRevoked(dialect: Dialect, certificateId: Sql): Sql {
  const lock = dialect.usesRowLocks ? sql`FOR SHARE` : sql``;
  return sql`(SELECT c.status FROM certificates c WHERE c.id = ${certificateId} ${lock}) = 'REVOKED'`;
}
