/** Replacements that turn the schema of SQLite into that of PostgreSQL, in the order in which they are applied. */
const replacements: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/^/, '// Derived from ../schema.prisma by `npm run schema`: the place for changes is there.\n\n'],
  [/provider = "sqlite"/, 'provider = "postgresql"'],
  [/output( +)= "\.\.\/src\/generated\/prisma"/, 'output$1= "../../src/generated/prisma-postgresql"'],
  [
    /Times are integer milliseconds since\n\/\/\/ 1970-01-01T00:00:00Z \(UTC\)\. /,
    'Times are kept to the\n/// millisecond. ',
  ],
  [/^( +\w+ +DateTime\b.*)/gm, '$1 @db.Timestamptz(3)'],
  // SQLite's integers have 64 bits whatever Prisma calls them.
  [/^( +sequence +)Int\b/gm, '$1BigInt'],
  // Texts of any length have to fit, and parts of them to be found: that takes indexes of expressions, which Prisma's
  // schema cannot express. The migrations make them.
  [/^ +\/\/\/ .*\n +@@index\(\[(?:\w+Folded|subject|key, value)\b.*\n/gm, ''],
];

/** The schema for PostgreSQL: the same model with another provider, native types, and fewer indexes. */
export function derivePostgresqlSchema(schema: string): string {
  return replacements.reduce((text, [pattern, replacement]) => {
    if (text.search(pattern) < 0) throw new Error(`Nothing in the schema matches ${String(pattern)}`);
    return text.replace(pattern, replacement);
  }, schema);
}
