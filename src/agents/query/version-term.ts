import { sql, type Sql } from '../../sql/sql';
import { field } from './filter-term';
import { toVersionRanges, type VersionRange } from './version-range';

/** Version or semver range that a query searches for. */
export interface VersionFilter {
  readonly text: string;
  /** Ranges of version keys that are equivalent to the semver range. Absent when the text is not a semver range. */
  readonly ranges?: readonly VersionRange[];
}

/**
 * Name of the table expression with the ranges of version keys. With a table, the SQL text is the same for any number
 * of ranges.
 */
const tableName = 'version_ranges';
const columns = { lower: 'text', upper: 'text', has_prereleases: 'integer' } as const;

/** Filter term for agents whose version equals a text, or is in the semver range that the text denotes. */
export const version = field({
  parse: (value, path, checks): VersionFilter => {
    const text = checks.name(value, path);
    const ranges = toVersionRanges(text);
    return ranges === undefined ? { text } : { text, ranges };
  },
  matchesNothing: ({ text }) => text === '',
  cacheKey: ({ ranges }) => (ranges === undefined ? 'text' : 'range'),
  table: ({ cacheKey, bind }, { dialect, table }) => {
    if (cacheKey === 'text') return undefined;
    const ranges = dialect.jsonRecordSet(
      bind((filter) => JSON.stringify(filter.ranges)),
      'r',
      columns,
    );
    return sql`${table(tableName)} AS MATERIALIZED (SELECT r.lower, r.upper, r.has_prereleases FROM ${ranges})`;
  },
  condition: ({ cacheKey, bind }, { table }) => {
    const isText = sql`a.version = ${bind(({ text }) => text)}`;
    if (cacheKey === 'text') return isText;
    return sql`(${isText} OR EXISTS (SELECT 1 FROM ${table(tableName)} r WHERE a.version_key >= r.lower AND a.version_key < r.upper
    AND (r.has_prereleases = 1 OR ${isRelease(sql`a`)})))`;
  },
});

/** Composes the condition that the version of an agent is a release. `alias` is the table of the agent. */
export function isRelease(alias: Sql): Sql {
  // Only the key of a release ends with "~".
  return sql`${alias}.version_key LIKE '%~'`;
}
