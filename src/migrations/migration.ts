/** A migration of this package, as embedded in the build. */
export interface Migration {
  /** Name of its folder: the time of its creation, the prefix of this package, and what it does. */
  readonly name: string;
  /** SHA-256 of the script in hexadecimal, as Prisma Migrate computes it. */
  readonly checksum: string;
  readonly sql: string;
}

/** Matches the names of this package's migrations, of every version. Applications must not use the prefix. */
const ownName = /^\d{14}_ans_/;

/** Reports whether a name in a history is that of a migration of this package, of this or another version. */
export function isOwnMigration(name: string): boolean {
  return ownName.test(name);
}
