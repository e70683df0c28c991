import SqliteDriver, { type Database } from './sqlite-driver';
import { spoilDatabase } from './postgresql-databases';
import { runRaw } from './raw-client';
import { isPostgresql, untilSequenced, type LocatedDatabase } from './raw-reader';

/** Opens a connection to a SQLite database without code of the package; the caller closes it. */
export function openSqlite(url: string): Database {
  return new SqliteDriver(url.replace(/^file:/, ''));
}

/** Changes a test's database as another program would. */
export async function changeRaw(database: LocatedDatabase, sql: string): Promise<void> {
  const { url } = database.options;
  if (isPostgresql(url)) {
    if (sql.includes('security_event')) await untilSequenced(database);
    if (/\b(create|alter|drop)\b|_prisma_migrations/i.test(sql)) spoilDatabase(url);
    await runRaw(url, sql);
    return;
  }
  const driver = openSqlite(url);
  try {
    driver.exec(sql);
  } finally {
    driver.close();
  }
}

/** SQL that drops every CHECK constraint of a PostgreSQL database. */
export const dropChecks = `DO $$ DECLARE c record; BEGIN
  FOR c IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint
    WHERE contype = 'c' AND connamespace = 'public'::regnamespace
  LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.owner, c.conname); END LOOP; END $$`;

/** Changes a test's database without CHECK constraints, foreign keys and, on PostgreSQL, triggers. */
export async function changeRawUnchecked(database: LocatedDatabase, sql: string): Promise<void> {
  const { url } = database.options;
  if (isPostgresql(url)) {
    const statements = [dropChecks, 'SET session_replication_role = replica', sql, 'RESET session_replication_role'];
    return changeRaw(database, statements.join('; '));
  }
  const driver = openSqlite(url);
  try {
    driver.pragma('foreign_keys = OFF');
    driver.pragma('ignore_check_constraints = ON');
    driver.exec(sql);
  } finally {
    driver.close();
  }
}
