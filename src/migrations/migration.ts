/** Migration of this package's tables. Its script is part of the build. */
export interface Migration {
  /** Name of the migration's folder: the time of its creation, the prefix `ans_`, and a description. */
  readonly name: string;
  /** SHA-256 hash of the migration's script in hexadecimal, as Prisma Migrate computes it. */
  readonly checksum: string;
  readonly sql: string;
}

/** Matches the names of all migrations of this package, of any version. Applications must not use the prefix `ans_`. */
const ownName = /^\d{14}_ans_/;

/** Reports whether a migration with this name belongs to this package, in any version. */
export function isOwnMigration(name: string): boolean {
  return ownName.test(name);
}
