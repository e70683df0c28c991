import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import { openSchemaEngine } from './schema-engine';
import type { MigrationProvider, ShippedMigration } from './shipped-migrations';

/** Task of the schema engine. */
export interface EngineRun {
  readonly provider: MigrationProvider;
  readonly shipped: readonly ShippedMigration[];
  /** A migration whose outcome is there already. */
  readonly adopted?: string | undefined;
}

/** Runs Prisma's schema engine to apply the pending migrations, and returns their names. */
export async function runSchemaEngine(
  factory: SqlMigrationAwareDriverAdapterFactory,
  { provider, shipped, adopted }: EngineRun,
): Promise<string[]> {
  const engine = await openSchemaEngine(factory);
  try {
    return await adoptAndApply(engine, toMigrationList(provider, shipped), adopted);
  } finally {
    engine.free();
  }
}

async function adoptAndApply(
  engine: SchemaEngine,
  migrationsList: MigrationList,
  adopted: string | undefined,
): Promise<string[]> {
  if (adopted !== undefined) await engine.markMigrationApplied({ migrationsList, migrationName: adopted });
  const filters = { externalTables: [], externalEnums: [] };
  const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters });
  return appliedMigrationNames;
}

/** The migrations as the engine takes them from a directory. */
function toMigrationList(provider: MigrationProvider, shipped: readonly ShippedMigration[]): MigrationList {
  return {
    baseDir: '',
    lockfile: { path: 'migration_lock.toml', content: `provider = "${provider}"\n` },
    shadowDbInitScript: '',
    migrationDirectories: shipped.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    })),
  };
}
