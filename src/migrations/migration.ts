/** Migration of this package. The build contains its script. */
export interface Migration {
  /** Name of the migration's folder: the time of its creation, the prefix `ans_`, and a description. */
  readonly name: string;
  /** SHA-256 of the script in hexadecimal, as Prisma Migrate computes it. */
  readonly checksum: string;
  readonly sql: string;
}

/** Matches the names of this package's migrations, of every version. Applications must not use the prefix. */
const ownName = /^\d{14}_ans_/;

/** Reports whether a name in a history belongs to a migration of this package, of any version. */
export function isOwnMigration(name: string): boolean {
  return ownName.test(name);
}
