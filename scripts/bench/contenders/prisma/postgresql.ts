import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import type { PrismaClient as SqlitePrismaClient } from '../../../../src/generated/prisma/client';
import { PrismaClient } from '../../../../src/generated/prisma-postgresql/client';
import type { Open } from '../../contender';
import { reads, writes } from './reads-and-writes';

/** Opens Prisma Client as its documentation shows it, on the official adapter with prepared statements. */
export const open: Open = (url) => {
  const names = new Map<string, string>();
  const statementNameGenerator = ({ sql }: { sql: string }): string => {
    let name = names.get(sql);
    if (name === undefined) names.set(sql, (name = createHash('sha1').update(sql).digest('hex')));
    return name;
  };
  const client = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }, { statementNameGenerator }) });
  // The cast is safe: both clients are generated from the same model, and the benchmark uses only their common part.
  const same = client as unknown as SqlitePrismaClient;
  return { ...reads(same), ...writes(same), close: () => client.$disconnect() };
};
