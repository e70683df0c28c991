import { Failure } from '../errors/failure';
import type { ServiceSettings } from '../options/service-settings';
import { mapYielding } from '../runtime/event-loop';
import type { AgentModel } from '../generated/prisma/models';
import { memoizeByDialect } from '../sql/memoize-by-dialect';
import type { UncheckedValues } from '../sql/model';
import { sql, type Sql } from '../sql/sql';
import { defineStatement, withBounds, type Row } from '../sql/statement';
import { storedText, storedTime } from '../sql/stored';
import type { Executor } from '../storage/executor';
import { checkObject, ifDefined } from '../validation/checks';
import { answerBounds } from '../validation/limits';
import type { Validator } from '../validation/validator';
import { deprecationColumns } from './columns';
import { orderBy } from './query/order';
import { withOwnSuccessors } from './own-successors';
import { storedStatus, toDeprecation, type DeprecationRow } from './rows';
import type { AgentVersion } from './version-types';

/** Validated request of the method `versions`. */
interface VersionsTarget {
  readonly name: string;
  readonly owner: string | undefined;
}

const fields = new Set(['name', 'owner'] as const);

/**
 * Parses the request of the method `versions`.
 *
 * @throws INVALID_INPUT when the request is invalid
 */
export function parseVersionsRequest(input: unknown, checks: Validator): VersionsTarget {
  const { name, owner } = checkObject(input, 'request', fields);
  return { name: checks.id(name, 'name'), owner: ifDefined(checks.owner(owner, 'owner'), 'owner', checks.id) };
}

const selectVersions = memoizeByDialect((dialect) => {
  const select = (conditions: Sql, limit: Sql): Sql =>
    sql`SELECT a.id, a.owner, a.version, a.status, ${dialect.toMs(sql`a.created_at`)}, ${deprecationColumns(dialect)}
      FROM agents a WHERE ${conditions} ORDER BY ${orderBy({ field: 'version', direction: 'desc' })}
      LIMIT CAST(${limit} AS BIGINT)`;
  return {
    ofName: defineStatement<{ name: string; limit: number }>((p) => select(sql`a.name = ${p('name')}`, p('limit'))),
    // `unindexed` makes the database use the index on the name: few agents have the same name, but an owner may have
    // very many agents.
    ofOwner: defineStatement<{ name: string; owner: string; limit: number }>((p) =>
      select(sql`a.name = ${p('name')} AND ${dialect.unindexed(sql`a.owner`)} = ${p('owner')}`, p('limit')),
    ),
  };
});

/**
 * Returns the versions of a name, the highest first. Versions that are not semantic come last.
 *
 * @throws RESULT_TOO_LARGE when there are more than `maxResults` versions
 */
export async function getVersions(
  executor: Executor,
  { name, owner }: VersionsTarget,
  { maxResults, checks }: ServiceSettings,
): Promise<AgentVersion[]> {
  const { ofName, ofOwner } = selectVersions(executor.dialect);
  // Requests one version more than allowed. This additional version shows that there are too many.
  const limit = maxResults + 1;
  const statement = owner === undefined ? ofName({ name, limit }) : ofOwner({ name, owner, limit });
  const rows = await executor.query(withBounds(answerBounds(checks.limits), statement));
  if (rows.length > maxResults) {
    const message = `more than ${maxResults} agents have the name: read pages of a query with exactName`;
    throw new Failure('RESULT_TOO_LARGE', message, { entity: 'agent' });
  }
  return withOwnSuccessors(executor, await mapYielding(rows, toVersion), checks.scopeOwner);
}

type VersionRow = readonly [
  ...UncheckedValues<AgentModel, ['id', 'owner', 'version', 'status', 'createdAt']>,
  ...DeprecationRow,
];

function toVersion(row: Row): AgentVersion {
  // The cast is safe: the statement selects exactly these columns.
  const [storedId, owner, version, status, createdAt, ...stored] = row as VersionRow;
  const id = storedText(storedId, 'agent', storedId, 'id');
  const deprecation = toDeprecation(stored, id);
  return {
    id,
    owner: storedText(owner, 'agent', id, 'owner'),
    version: storedText(version, 'agent', id, 'version'),
    status: storedStatus(status, id),
    createdAt: storedTime(createdAt, 'agent', id, 'createdAt'),
    ...(deprecation && { deprecation }),
  };
}
