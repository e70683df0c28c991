import type { DatabaseService } from '../index';
import { PrismaClient, prismaAdapter } from '../prisma';
import { formatAmount, formatCount } from './format';

/**
 * Describes the records of a database, one kind on each line: "24 agents: 20 ACTIVE, 4 SUSPENDED". Reads the records
 * through Prisma Client, as a report of an application would.
 */
export async function describeContents(db: DatabaseService): Promise<string[]> {
  const prisma = new PrismaClient({ adapter: prismaAdapter(db) });
  try {
    const agents = await prisma.agent.groupBy({ by: ['status'], _count: true, orderBy: { status: 'asc' } });
    const certificates = await prisma.certificate.groupBy({ by: ['status'], _count: true, orderBy: { status: 'asc' } });
    const events = await prisma.securityEvent.groupBy({ by: ['severity'], _count: true, orderBy: { severity: 'asc' } });
    return [
      describeGroups(
        'agent',
        agents.map(({ status, _count }) => [status, _count]),
      ),
      describeGroups(
        'certificate',
        certificates.map(({ status, _count }) => [status, _count]),
      ),
      describeGroups(
        'security event',
        events.map(({ severity, _count }) => [severity, _count]),
      ),
    ];
  } finally {
    await prisma.$disconnect();
  }
}

function describeGroups(noun: string, groups: readonly (readonly [name: string, count: number])[]): string {
  const total = groups.reduce((sum, [, count]) => sum + count, 0);
  const parts = groups.map(([name, count]) => `${formatCount(count)} ${name}`);
  return `${formatAmount(total, noun)}${total === 0 ? '' : `: ${parts.join(', ')}`}`;
}
