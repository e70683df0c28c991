import { PrismaClient, prismaAdapter } from '../../src/prisma';
import type { DatabaseService, TransactionScope } from '../../src';
import { agentInput, certificateInput } from '../support/factories';
import { onPostgresql } from '../support/engine';
import { runRaw } from '../support/raw-client';
import { testOn } from '../support/skip';
import { afterTest, openTestDatabase } from '../support/test-database';
import { spoilDatabase } from '../support/postgresql-databases';

/** Opens a database with a client, and with a table of the application. */
async function openWithClient() {
  const { db, options } = await openTestDatabase();
  if (onPostgresql) spoilDatabase(options.url);
  await db.transaction((tx) => tx.execute('CREATE TABLE orders (id TEXT PRIMARY KEY, agent_id TEXT)'));
  const prisma = new PrismaClient({ adapter: prismaAdapter(db) });
  afterTest(() => prisma.$disconnect());
  return { db, prisma, url: options.url };
}

async function createAgent(db: DatabaseService | TransactionScope, name: string): Promise<string> {
  const certificateId = await db.createCertificate(certificateInput());
  return db.createAgent(agentInput({ certificateId, name, metadata: { size: 3 } }));
}

const count = async (db: DatabaseService): Promise<unknown> =>
  db.transaction(async (tx) => Number((await tx.query('SELECT count(*) AS n FROM orders'))[0]?.['n']));

describe('prismaAdapter(db)', () => {
  test('prismaAdapter reads records with their relations and times outside a transaction', async () => {
    const { db, prisma } = await openWithClient();
    const id = await createAgent(db, 'reader');
    const stored = await db.getAgent(id);
    const found = await prisma.agent.findUnique({ where: { id }, include: { metadata: true, certificate: true } });
    expect(found).toMatchObject({ name: 'reader', status: 'ACTIVE', metadata: [{ key: 'size', value: '3' }] });
    expect(found?.expiresAt).toEqual(stored?.expiresAt);
    expect(found?.certificate.id).toBe(stored?.certificateId);
  });

  test('prismaAdapter reads the changes of the enclosing db.transaction and is rolled back with it', async () => {
    const { db, prisma } = await openWithClient();
    const thrown = new Error('undone');
    const work = db.transaction(async (tx) => {
      const id = await createAgent(tx, 'inside');
      expect(await prisma.agent.count({ where: { id } })).toBe(1);
      await prisma.$executeRaw`INSERT INTO orders VALUES ('o1', ${id})`;
      throw thrown;
    });
    await expect(work).rejects.toBe(thrown);
    expect(await prisma.agent.count()).toBe(0);
    expect(await count(db)).toBe(0);
  });

  test('prismaAdapter commits its writes with the enclosing db.transaction', async () => {
    const { db, prisma } = await openWithClient();
    await db.transaction(async (tx) => {
      const id = await createAgent(tx, 'kept');
      await prisma.$executeRaw`INSERT INTO orders VALUES ('o1', ${id})`;
    });
    expect(await prisma.agent.count()).toBe(1);
    expect(await count(db)).toBe(1);
  });

  test('prismaAdapter can commit and roll back an interactive transaction outside db.transaction', async () => {
    const { db, prisma } = await openWithClient();
    await prisma.$transaction(async (client) => {
      await client.$executeRaw`INSERT INTO orders VALUES ('kept', '1')`;
    });
    const thrown = new Error('undone');
    const failing = prisma.$transaction(async (client) => {
      await client.$executeRaw`INSERT INTO orders VALUES ('dropped', '1')`;
      throw thrown;
    });
    await expect(failing).rejects.toBe(thrown);
    expect(await count(db)).toBe(1);
    await createAgent(db, 'afterwards');
  });

  test('prismaAdapter runs a batch inside db.transaction in a savepoint, which can be rolled back alone', async () => {
    const { db, prisma } = await openWithClient();
    await db.transaction(async (tx) => {
      await createAgent(tx, 'kept');
      const twice = [
        prisma.$executeRaw`INSERT INTO orders VALUES ('same', '1')`,
        prisma.$executeRaw`INSERT INTO orders VALUES ('same', '1')`,
      ];
      await expect(prisma.$transaction(twice)).rejects.toThrow();
      await prisma.$transaction([prisma.$executeRaw`INSERT INTO orders VALUES ('other', '1')`]);
    });
    expect(await count(db)).toBe(1);
    expect(await prisma.agent.count()).toBe(1);
  });

  test.each([
    ['an update', (prisma: PrismaClient) => prisma.agent.updateMany({ data: { name: 'forged' } })],
    ['a delete', (prisma: PrismaClient) => prisma.securityEvent.deleteMany()],
    ['raw SQL', (prisma: PrismaClient) => prisma.$executeRaw`DELETE FROM agents`],
    ['a transaction', (prisma: PrismaClient) => prisma.$transaction([prisma.change.deleteMany()])],
  ])('prismaAdapter refuses %s that would change a table of the package', async (_, write) => {
    const { db, prisma } = await openWithClient();
    const id = await createAgent(db, 'protected');
    await expect(write(prisma)).rejects.toThrow(/can be changed through the methods of the database only/);
    expect((await db.getAgent(id))?.name).toBe('protected');
  });

  test('prismaAdapter fails with NOT_INITIALIZED after the database was closed', async () => {
    const { db, prisma } = await openWithClient();
    await prisma.agent.count();
    await db.close();
    await expect(prisma.agent.count()).rejects.toThrow('Database is not initialized');
  });
});

testOn('postgresql', 'db.transaction runs its callback again after a conflict in Prisma Client', async () => {
  const { db, prisma, url } = await openWithClient();
  await prisma.$executeRaw`INSERT INTO orders VALUES ('o1', 'first')`;
  const statuses: unknown[] = [];
  await db.transaction(async () => {
    const [order] = await prisma.$queryRaw<{ agent_id: string }[]>`SELECT agent_id FROM orders`;
    statuses.push(order?.agent_id);
    if (statuses.length === 1) await runRaw(url, "UPDATE orders SET agent_id = 'second'");
    await prisma.$executeRaw`UPDATE orders SET agent_id = 'third'`;
  });
  expect(statuses).toEqual(['first', 'second']);
  expect(await prisma.$queryRaw`SELECT agent_id FROM orders`).toEqual([{ agent_id: 'third' }]);
});

test('prismaAdapter(tx) binds a client to one transaction, and the client fails after the transaction has ended', async () => {
  const { db } = await openWithClient();
  let bound: PrismaClient | undefined;
  await db.transaction(async (tx) => {
    bound = new PrismaClient({ adapter: prismaAdapter(tx) });
    await createAgent(tx, 'inside');
    expect(await bound.agent.count()).toBe(1);
  });
  await expect(bound?.agent.count()).rejects.toThrow(/transaction has ended/);
  await db.transaction(() => expect(bound?.agent.count()).rejects.toThrow(/transaction has ended/));
  await bound?.$disconnect();
});

describe('tx.query and tx.execute', () => {
  test('tx.query and tx.execute run SQL of the application inside the transaction', async () => {
    const { db } = await openWithClient();
    await db.transaction(async (tx) => {
      expect(await tx.execute('INSERT INTO orders VALUES (?, ?), (?, ?)', 'a', '1', 'b', null)).toBe(2);
      expect(await tx.query('SELECT id, agent_id FROM orders ORDER BY id')).toEqual([
        { id: 'a', agent_id: '1' },
        { id: 'b', agent_id: null },
      ]);
      expect(await tx.query("SELECT '?' AS mark, id FROM orders WHERE id = ?", 'a')).toEqual([{ mark: '?', id: 'a' }]);
    });
    expect(await count(db)).toBe(2);
  });

  test.each([
    'DELETE FROM agents',
    "INSERT INTO capabilities (id, name) VALUES ('x', 'x')",
    "UPDATE certificates SET subject = 'forged'",
    'WITH gone AS (SELECT 1) DELETE FROM security_events',
  ])('tx.query and tx.execute refuse %s with PERMISSION_DENIED', async (sql) => {
    const { db } = await openWithClient();
    await db.transaction(async (tx) => {
      await expect(tx.execute(sql)).rejects.toMatchObject({ code: 'PERMISSION_DENIED', operation: 'execute' });
      await createAgent(tx, 'afterwards');
    });
    expect(await db.agents.count({})).toBe(1);
  });

  test.each(['COMMIT', 'ROLLBACK', 'SAVEPOINT mine'])(
    'tx.query and tx.execute refuse %s with INVALID_INPUT',
    async (sql) => {
      const { db } = await openWithClient();
      await db.transaction(async (tx) => {
        await expect(tx.execute(sql)).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'sql' });
      });
    },
  );

  test('tx.query and tx.execute undo a failed statement, and the transaction continues', async () => {
    const { db } = await openWithClient();
    await db.transaction(async (tx) => {
      await tx.execute("INSERT INTO orders VALUES ('a', NULL)");
      await expect(tx.execute("INSERT INTO orders VALUES ('b', NULL), ('a', NULL)")).rejects.toThrow();
      await createAgent(tx, 'afterwards');
    });
    expect(await count(db)).toBe(1);
  });
});
