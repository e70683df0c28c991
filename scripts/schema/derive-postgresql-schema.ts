/**
 * Replacements that derive the Prisma schema for PostgreSQL from the one for SQLite, in the order of their application.
 */
const replacements: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/^/, '// Derived from ../schema.prisma by `npm run schema`. Change that file instead.\n\n'],
  [/provider = "sqlite"/, 'provider = "postgresql"'],
  [/output( +)= "\.\.\/src\/generated\/prisma"/, 'output$1= "../../src/generated/prisma-postgresql"'],
  [
    /Times are integer milliseconds since\n\/\/\/ 1970-01-01T00:00:00Z \(UTC\)\. /,
    'Times are stored in\n/// milliseconds. ',
  ],
  [/^( +\w+ +DateTime\b.*)/gm, '$1 @db.Timestamptz(3)'],
  // Prisma's Int has 32 bits on PostgreSQL, but 64 bits on SQLite.
  [/^( +(?:sequence|id) +)Int\b/gm, '$1BigInt'],
  // Omits the indexes of texts, which the migrations create: PostgreSQL limits the length of an indexed text, and needs
  // a trigram index for a search by a part of a text. Prisma's schema language cannot describe these indexes.
  [/^ +\/\/\/ .*\n +@@index\(\[(?:\w+Folded|subject|address|key, value)\b.*\n/gm, ''],
];

/** Derives the Prisma schema for PostgreSQL: the same model with another provider, native types and fewer indexes. */
export function derivePostgresqlSchema(schema: string): string {
  return replacements.reduce((text, [pattern, replacement]) => {
    if (text.search(pattern) < 0) throw new Error(`Nothing in the schema matches ${String(pattern)}`);
    return text.replace(pattern, replacement);
  }, schema);
}
