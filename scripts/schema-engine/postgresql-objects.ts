import pg from 'pg';

/*
 * Selects the statements that drop all objects of a schema. Omits parts of other objects, such as the sequence of a
 * column, and objects of extensions. Keeps the schema, the privileges on it and the extensions in it, because the role
 * may not be allowed to create them again.
 */
const dropStatements = `
  WITH own AS (SELECT oid FROM pg_namespace WHERE nspname = current_schema()),
  objects(place, classid, objid, statement) AS (
    SELECT 1, 'pg_class'::regclass, c.oid, format('DROP %s IF EXISTS %s CASCADE', CASE c.relkind
        WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE'
        ELSE 'TABLE' END, c.oid::regclass)
      FROM pg_class c WHERE c.relnamespace = (SELECT oid FROM own) AND c.relkind IN ('v', 'm', 'f', 'r', 'p', 'S')
    UNION ALL
    SELECT 2, 'pg_proc'::regclass, p.oid, format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure)
      FROM pg_proc p WHERE p.pronamespace = (SELECT oid FROM own)
    UNION ALL
    SELECT 3, 'pg_type'::regclass, t.oid, format('DROP TYPE IF EXISTS %s CASCADE', t.oid::regtype)
      FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
      WHERE t.typnamespace = (SELECT oid FROM own) AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
  )
  SELECT statement FROM objects o WHERE NOT EXISTS (
    -- A partitioned table depends on itself.
    SELECT 1 FROM pg_depend d WHERE d.classid = o.classid AND d.objid = o.objid AND d.objid <> d.refobjid
      AND d.deptype IN ('e', 'i')
  ) ORDER BY place`;

/** Drops all objects in the current schema; drops nothing if one of them cannot be dropped. */
export async function dropAllObjects(client: pg.Client): Promise<void> {
  const { rows } = await client.query<[string]>({ text: dropStatements, rowMode: 'array' });
  // The server runs all statements of one query as one transaction.
  await client.query(rows.map(([statement]) => statement).join(';\n'));
}
