import { DatabaseService } from '../../src';

/** Makes the database at the URL that this process was started with one of the package's schema. */
async function main(url: string): Promise<void> {
  const db = new DatabaseService({ url, migrations: 'apply' });
  await db.initialize();
  await db.close();
}

void main(process.argv[2] ?? '');
