import { DatabaseService } from '../../src';

/** Migrates the database at the URL in the arguments, and prints the names of the applied migrations. */
async function main(url: string): Promise<void> {
  const db = new DatabaseService({ url, migrations: 'skip', busyTimeoutMs: 20_000 });
  await db.initialize();
  process.stdout.write(JSON.stringify(await db.migrateDatabase()));
  await db.close();
}

void main(process.argv[2] ?? '');
