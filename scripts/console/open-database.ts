import { DatabaseService } from '../../src';

/** The database that scripts work on unless told otherwise: the one of the environment, as Prisma's commands do. */
export function defaultDatabaseUrl(): string {
  return process.env['DATABASE_URL'] ?? 'file:./ans_database.sqlite';
}

/** Opens a database for `await using`: it is there to be closed only once it is open. Its schema is brought up to date. */
export async function openDatabase(url: string): Promise<DatabaseService> {
  const db = new DatabaseService({ url, migrations: 'apply' });
  await db.initialize();
  return db;
}
