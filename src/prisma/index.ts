import { PrismaClient as SqliteClient } from '../generated/prisma/client';
import { PrismaClient as PostgresqlClient } from '../generated/prisma-postgresql/client';

export { Prisma } from '../generated/prisma/client';
export * from '../generated/prisma/enums';
export type * from '../generated/prisma/client';
export { prismaAdapter, type PrismaAdapterOptions } from './prisma-adapter';
export type { TimestampFormat } from './sqlite-values';

/**
 * Prisma Client for the tables of this package, on both engines. The adapter determines which of the two generated
 * clients is used. Both clients have the same models and calls.
 *
 * @example
 * ```ts
 * const prisma = new PrismaClient({ adapter: prismaAdapter(db) });
 * const owners = await prisma.agent.groupBy({ by: ['owner'], _count: true });
 * ```
 */
export const PrismaClient: typeof SqliteClient = new Proxy(SqliteClient, {
  construct: (target, options: ConstructorParameters<typeof SqliteClient>) =>
    // The cast is safe: Reflect.construct returns an object, although its type is `any`.
    Reflect.construct(options[0].adapter?.provider === 'postgres' ? PostgresqlClient : target, options) as object,
});

/** Instance of {@link PrismaClient}. */
export type PrismaClient = SqliteClient;
