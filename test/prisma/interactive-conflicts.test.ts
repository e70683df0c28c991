import SqliteDriver from '../support/sqlite-driver';
import { Prisma, PrismaClient, prismaAdapter } from '../../src/prisma';
import { onPostgresql } from '../support/engine';
import { createAgent } from '../support/factories';
import { spoilDatabase } from '../support/postgresql-databases';
import { connectRaw } from '../support/raw-client';
import { createSignal } from '../support/signal';
import { testOn } from '../support/skip';
import { afterTest, openTestDatabase } from '../support/test-database';

type Client = Omit<PrismaClient, '$connect' | '$disconnect' | '$on' | '$extends'>;

/** Opens a database that has an agent, with a client and with a table of the application. */
async function openWithOrders() {
  const { db, options } = await openTestDatabase({ busyTimeoutMs: 30 });
  if (onPostgresql) spoilDatabase(options.url);
  await createAgent(db);
  await db.transaction(async (tx) => {
    await tx.execute('CREATE TABLE orders (id TEXT PRIMARY KEY, state TEXT)');
    await tx.execute("INSERT INTO orders VALUES ('o1', 'open'), ('o2', 'open')");
  });
  const prisma = new PrismaClient({ adapter: prismaAdapter(db) });
  afterTest(() => prisma.$disconnect());
  return { prisma, url: options.url };
}

const setState = (client: Client, id: string, state: string): Promise<number> =>
  client.$executeRaw`UPDATE orders SET state = ${state} WHERE id = ${id}`;

const statesIn = async (client: Client): Promise<string[]> => {
  const rows = await client.$queryRaw<{ state: string }[]>`SELECT state FROM orders ORDER BY id`;
  return rows.map(({ state }) => state);
};

/**
 * Runs two serializable transactions, each of which reads the rows that the other one writes. The first commits. Then
 * the second runs `last` and commits. Returns the number of calls of the second callback, and its error.
 */
async function writeSkew(prisma: PrismaClient, last: (tx: Client) => Promise<unknown>) {
  const [hasWritten, hasCommitted] = [createSignal(), createSignal()];
  const isolation = { isolationLevel: 'Serializable' } as const;
  let calls = 0;
  const second = prisma.$transaction(async (tx) => {
    calls += 1;
    await statesIn(tx);
    await setState(tx, 'o2', 'second');
    hasWritten.give();
    await hasCommitted.given;
    await last(tx);
  }, isolation);
  const error: Promise<unknown> = second.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  await hasWritten.given;
  await prisma.$transaction(async (tx) => {
    await statesIn(tx);
    await setState(tx, 'o1', 'first');
  }, isolation);
  hasCommitted.give();
  return { error: await error, calls };
}

async function expectConflict(error: unknown, prisma: PrismaClient): Promise<void> {
  expect(error).toBeInstanceOf(Prisma.PrismaClientKnownRequestError);
  expect(error).toMatchObject({ code: 'P2034' });
  expect(await statesIn(prisma)).toEqual(['first', 'open']);
  await prisma.$transaction((tx) => setState(tx, 'o2', 'repeated'));
  expect(await statesIn(prisma)).toEqual(['first', 'repeated']);
}

describe('prisma.$transaction outside db.transaction', () => {
  testOn(
    'sqlite',
    'prisma.$transaction fails with P2034 while another process holds the write lock, and can be repeated',
    async () => {
      const { prisma, url } = await openWithOrders();
      const foreign = new SqliteDriver(url.slice('file:'.length));
      afterTest(() => void foreign.close());
      foreign.exec("BEGIN IMMEDIATE; UPDATE orders SET state = 'first' WHERE id = 'o1'");
      const work = jest.fn((tx: Client) => setState(tx, 'o2', 'second'));
      const error: unknown = await prisma.$transaction(work).catch((thrown: unknown) => thrown);
      foreign.exec('COMMIT');
      expect(work).not.toHaveBeenCalled();
      await expectConflict(error, prisma);
    },
  );

  testOn(
    'postgresql',
    'prisma.$transaction fails with P2034 when a call of a model conflicts, and can be repeated',
    async () => {
      const { prisma } = await openWithOrders();
      const { error, calls } = await writeSkew(prisma, (tx) => tx.agent.findMany());
      expect(calls).toBe(1);
      await expectConflict(error, prisma);
    },
  );

  testOn('postgresql', 'prisma.$transaction fails with P2034 when COMMIT conflicts, and can be repeated', async () => {
    const { prisma } = await openWithOrders();
    const { error, calls } = await writeSkew(prisma, () => Promise.resolve());
    expect(calls).toBe(1);
    await expectConflict(error, prisma);
  });

  testOn(
    'postgresql',
    'prisma.$transaction fails with P2010 and TransactionWriteConflict when raw SQL ends in a deadlock',
    async () => {
      const { prisma, url } = await openWithOrders();
      const foreign = await connectRaw(url);
      await foreign.query("SET deadlock_timeout = '1min'; BEGIN; UPDATE orders SET state = 'first' WHERE id = 'o1'");
      let crossing: Promise<unknown> = Promise.resolve();
      const work = prisma.$transaction(
        async (tx) => {
          await setState(tx, 'o2', 'second');
          crossing = foreign.query("UPDATE orders SET state = 'first' WHERE id = 'o2'; COMMIT");
          await setState(tx, 'o1', 'second');
        },
        { timeout: 30_000 },
      );
      const meta = { driverAdapterError: { cause: { kind: 'TransactionWriteConflict' } } };
      await expect(work).rejects.toMatchObject({ code: 'P2010', meta });
      await crossing;
      expect(await statesIn(prisma)).toEqual(['first', 'first']);
    },
  );
});
