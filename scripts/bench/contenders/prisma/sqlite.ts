import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import { PrismaClient } from '../../../../src/generated/prisma/client';
import type { Open } from '../../contender';
import { sqlitePragmas } from '../sqlite-pragmas';
import { reads, writes } from './reads-and-writes';

/** Opens Prisma Client as its documentation shows it, on the official adapter. */
export const open: Open = async (path) => {
  const adapter = new PrismaBetterSqlite3({ url: `file:${path}` }, { timestampFormat: 'unixepoch-ms' });
  const client = new PrismaClient({ adapter });
  // The adapter has no option for pragmas. It has only one connection, so these pragmas apply to all later queries.
  for (const pragma of sqlitePragmas) await client.$queryRawUnsafe(`PRAGMA ${pragma}`);
  return { ...reads(client), ...writes(client), close: () => client.$disconnect() };
};
