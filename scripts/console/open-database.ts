import { DatabaseService } from '../../src';

/** Returns the URL in DATABASE_URL, or else the default URL, which Prisma's commands in this repository also use. */
export function defaultDatabaseUrl(): string {
  return process.env['DATABASE_URL'] ?? 'file:./ans_database.sqlite';
}

/** Opens a database and applies its migrations. The caller closes it, for example with `await using`. */
export async function openDatabase(url: string): Promise<DatabaseService> {
  const db = new DatabaseService({ url, migrations: 'apply' });
  await db.initialize();
  return db;
}
