import type { Client } from 'pg';
import { MoveError } from './move-error';
import type { Column, Reference, Table } from './table';

/** Table, as PostgreSQL's catalogue describes it. The key is null when the table has no primary key. */
interface CatalogueTable {
  readonly name: string;
  readonly columns: readonly CatalogueColumn[];
  readonly key: readonly string[] | null;
  readonly references: readonly Reference[];
}

interface CatalogueColumn {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[] | null;
  readonly isNumbered: boolean;
}

const kinds: Readonly<Record<string, Column['kind']>> = {
  text: 'text',
  varchar: 'text',
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  bool: 'boolean',
  timestamptz: 'time',
};

const namesOf = (attributes: string): string => `
  (SELECT json_agg(a.attname ORDER BY k.place) FROM unnest(${attributes}) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum)`;

const catalogueSql = `
  SELECT c.relname AS name,
    (SELECT json_agg(json_build_object(
        'name', a.attname,
        'type', t.typname,
        'labels', (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
        'isNumbered', a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false)
      ) ORDER BY a.attname)
      FROM pg_attribute a
      JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
    (SELECT ${namesOf('p.conkey')} FROM pg_constraint p WHERE p.conrelid = c.oid AND p.contype = 'p') AS key,
    (SELECT coalesce(json_agg(json_build_object('columns', ${namesOf('f.conkey')}, 'table', r.relname)), '[]')
      FROM pg_constraint f JOIN pg_class r ON r.oid = f.confrelid
      WHERE f.conrelid = c.oid AND f.contype = 'f') AS references
  FROM pg_class c
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND c.relname = ANY ($1)
  ORDER BY c.relname`;

/**
 * Returns those of the requested tables that exist in a PostgreSQL database, sorted by name. The columns of each table
 * are sorted by name.
 *
 * @throws MoveError when a table has no primary key, or has a column of an unsupported type.
 */
export async function readTables(client: Client, names: readonly string[]): Promise<Table[]> {
  const { rows } = await client.query<CatalogueTable>(catalogueSql, [names]);
  return rows.map(({ name, columns, key, references }) => {
    if (key === null) throw new MoveError(`table ${name} has no primary key, whose order the comparison needs`);
    return { name, columns: columns.map((column) => toColumn(name, column)), key, references };
  });
}

function toColumn(table: string, { name, type, labels, isNumbered }: CatalogueColumn): Column {
  const kind = labels === null ? kinds[type] : 'text';
  if (kind === undefined) throw new MoveError(`${table}.${name} has the unsupported type ${type}`);
  return { name, kind, labels: labels ?? undefined, isNumbered };
}
