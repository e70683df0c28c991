import type { DatabaseService } from '../../src';
import { PrismaClient, prismaAdapter } from '../../src/prisma';

/** Source code of the call in `countByOwner`, which the demo shows. */
export const reportSource = `const prisma = new PrismaClient({ adapter: prismaAdapter(db) });
prisma.agent.groupBy({ by: ['owner'], _count: true, orderBy: { owner: 'asc' } })`;

/** Returns each owner with the number of its agents, read through Prisma Client. */
export async function countByOwner(db: DatabaseService): Promise<string[][]> {
  const prisma = new PrismaClient({ adapter: prismaAdapter(db) });
  const groups = await prisma.agent.groupBy({ by: ['owner'], _count: true, orderBy: { owner: 'asc' } });
  await prisma.$disconnect();
  return groups.map(({ owner, _count }) => [owner, String(_count)]);
}
