import SqliteDriver, { type Database } from 'better-sqlite3';
import { spoilDatabase } from './postgresql-databases';
import { runRaw } from './raw-client';
import { isPostgresql, type LocatedDatabase } from './raw-reader';

/** Another connection to a test's SQLite database, of no code of the package; the caller closes it. */
export function openSqlite(url: string): Database {
  return new SqliteDriver(url.replace(/^file:/, ''));
}

/** Changes a test's database as another program would. */
export async function changeRaw({ options: { url } }: LocatedDatabase, sql: string): Promise<void> {
  if (isPostgresql(url)) {
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
