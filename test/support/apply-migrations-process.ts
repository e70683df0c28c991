import { applyMigrations } from '../../src/migrations/apply-migrations';
import { readShippedMigrations } from '../../src/migrations/shipped-migrations';
import { isEngineLoaded } from './engine-watch';

/** What a process that applies the migrations writes to its standard output. */
export interface ApplyReport {
  readonly applied: readonly string[];
  /** Whether the schema engine has been loaded. */
  readonly isEngineLoaded: boolean;
}

/** Applies the shipped migrations to the database at the path that this process was started with. */
async function main(path: string): Promise<void> {
  const applied = await applyMigrations(path, { shipped: readShippedMigrations('sqlite'), busyTimeoutMs: 20_000 });
  const report: ApplyReport = { applied, isEngineLoaded: isEngineLoaded() };
  process.stdout.write(JSON.stringify(report));
}

void main(process.argv[2] ?? '');
