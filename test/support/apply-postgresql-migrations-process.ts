import { Client } from 'pg';
import { PostgresqlMigrator } from '../../src/engines/postgresql/migrator';
import { queryOn } from '../../src/migrations/postgresql-query';
import { isEngineLoaded } from './engine-watch';

/** What a process that applies the migrations writes to its standard output. */
export interface ApplyReport {
  readonly applied: readonly string[];
  /** Whether the schema engine has been loaded. */
  readonly isEngineLoaded: boolean;
  /** Whether a timer keeps the process from ending by itself. */
  readonly isHeldUp: boolean;
}

/** Applies the shipped migrations to the database at the URL that this process was started with. */
async function main(url: string): Promise<void> {
  const client = await connect(url);
  const migrator = new PostgresqlMigrator({ query: queryOn(client), connect: () => connect(url) });
  const applied = await migrator.apply();
  await client.end();
  const report: ApplyReport = {
    applied,
    isEngineLoaded: isEngineLoaded(),
    isHeldUp: process.getActiveResourcesInfo().includes('Timeout'),
  };
  process.stdout.write(JSON.stringify(report));
}

function connect(url: string): Promise<Client> {
  return new Client(url).connect();
}

void main(process.argv[2] ?? '');
