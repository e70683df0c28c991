import { ownOptionalColumns } from '../errors/own-constraints';
import { defineCachedStatement } from '../sql/cached-statement';
import { fieldsOf } from '../sql/columns';
import type { Dialect, RecordColumns } from '../sql/dialect';
import { join, raw, sql } from '../sql/sql';
import type { Statement } from '../sql/statement';
import { agentTable } from './agent-table';
import type { AgentColumns } from './new-row';

/** New values for the row of one agent. Absent fields stay unchanged. */
export interface RowUpdate {
  readonly id: string;
  readonly columns: Readonly<Partial<Omit<AgentColumns, 'id'>>>;
}

type Field = Exclude<keyof AgentColumns, 'id'>;

const fields = fieldsOf(agentTable).filter((field): field is Field => field !== 'id');
const optionalColumns = new Set(ownOptionalColumns['agents']);
const nullableFields = new Set(fields.filter((field) => optionalColumns.has(agentTable[field][0])));

/**
 * Defines the statement that changes the rows of several agents. The statement sets only columns that change for at
 * least one agent, because writing a column also writes its indexes. The transaction must have locked the rows.
 */
export function defineUpdateMany(dialect: Dialect): (updates: readonly RowUpdate[]) => Statement {
  return defineCachedStatement<readonly RowUpdate[], { readonly fields: readonly Field[] }>(
    (updates) => ({
      fields: fields.filter((field) => updates.some(({ columns }) => columns[field] !== undefined)),
    }),
    (key, bind) => {
      const rows = bind((updates) => JSON.stringify(updates.map((update) => toRecord(update, key.fields))));
      const assignments = key.fields.map((field) => {
        const name = raw(agentTable[field][0]);
        const value = nullableFields.has(field)
          ? sql`CASE WHEN r.sets_${name} = 1 THEN r.${name} ELSE agents.${name} END`
          : sql`coalesce(r.${name}, agents.${name})`;
        return sql`${name} = ${value}`;
      });
      return sql`UPDATE agents SET ${join(assignments)}
        FROM ${dialect.jsonRecordSet(rows, 'r', columnsOf(key.fields))} WHERE agents.id = r.id`;
    },
  );
}

/**
 * Returns the columns of the record set with the new values. Each nullable column follows a column that is 1 when the
 * value must be set, and 0 when the stored value stays.
 */
function columnsOf(changed: readonly Field[]): RecordColumns {
  const columns: RecordColumns[] = changed.map((field) => {
    const [name, type] = agentTable[field];
    return nullableFields.has(field) ? { [`sets_${name}`]: 'integer', [name]: type } : { [name]: type };
  });
  return columns.reduce((all, some) => ({ ...all, ...some }), { id: 'text' });
}

function toRecord({ id, columns }: RowUpdate, changed: readonly Field[]): unknown[] {
  return [
    id,
    ...changed.flatMap((field) => {
      const value = columns[field];
      return nullableFields.has(field) ? [value === undefined ? 0 : 1, value ?? null] : [value ?? null];
    }),
  ];
}
