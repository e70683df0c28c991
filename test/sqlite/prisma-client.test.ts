import { Prisma } from '../../src/generated/prisma/client';
import { agentRow, certificateRow, committedIds, create, openClient } from './prisma-clients';

const endpoint = {
  protocol: 'https',
  address: 'host',
  port: 443,
  healthStatus: 'HEALTHY',
  lastChecked: new Date('2026-06-02T00:00:00.001Z'),
} as const;

const richAgent = {
  ...agentRow('a', 'c'),
  endpoints: {
    create: [
      { ...endpoint, id: 'one', position: 0 },
      { ...endpoint, id: 'two', position: 1, healthMessage: 'fine', metadata: '{}' },
    ],
  },
  capabilities: { create: [{ capability: { create: { id: 'k1', name: 'read' } } }] },
  metadata: { create: [{ key: 'key', value: '"value"' }] },
};

describe('Prisma Client on our adapter', () => {
  test('creates a record with its relations and returns both', async () => {
    const { client } = await openClient();
    await client.agent.create({ data: richAgent });
    const include = { endpoints: { orderBy: { position: 'asc' } }, metadata: true, certificate: true } as const;
    const [found] = await client.agent.findMany({ include });
    expect(found).toMatchObject({
      id: 'a',
      createdAt: new Date('2026-06-01T12:00:00.123Z'),
      description: null,
      certificate: { id: 'c', notAfter: new Date('2027-01-01T00:00:00.001Z'), revokedAt: null },
      endpoints: [
        { id: 'one', port: 443, lastChecked: new Date('2026-06-02T00:00:00.001Z'), healthMessage: null },
        { id: 'two', healthMessage: 'fine', metadata: '{}' },
      ],
      metadata: [{ key: 'key', value: '"value"' }],
    });
    const throughLinks = { capabilities: { some: { capability: { name: 'read' } } } };
    expect(await client.agent.count({ where: throughLinks })).toBe(1);
  });

  test('writes nothing when the last part of a nested create fails', async () => {
    const { client } = await openClient();
    const twice = [
      { ...endpoint, id: 'same', position: 0 },
      { ...endpoint, id: 'same', position: 1 },
    ];
    await expect(client.agent.create({ data: { ...richAgent, endpoints: { create: twice } } })).rejects.toMatchObject({
      code: 'P2002',
    });
    expect(await client.agent.count()).toBe(0);
    expect(await client.certificate.count()).toBe(0);
    await client.agent.create({ data: richAgent });
  });

  test('updates and deletes many records and returns their numbers', async () => {
    const { client } = await openClient();
    const rows = ['1', '2', '3'].map((id) => certificateRow(id) as Prisma.CertificateCreateManyInput);
    expect(await client.certificate.createMany({ data: rows })).toEqual({ count: 3 });
    const some = { where: { id: { in: ['1', '2'] } } };
    expect(await client.certificate.updateMany({ ...some, data: { status: 'SUSPENDED' } })).toEqual({ count: 2 });
    expect(await client.certificate.count({ where: { status: 'SUSPENDED' } })).toBe(2);
    const returned = await client.certificate.updateManyAndReturn({ ...some, data: { issuer: 'x' } });
    expect(returned.map(({ issuer }) => issuer)).toEqual(['x', 'x']);
    expect(await client.certificate.deleteMany(some)).toEqual({ count: 2 });
    expect(await client.certificate.findMany({ select: { id: true } })).toEqual([{ id: '3' }]);
  });

  test('can group, count, page and upsert', async () => {
    const { client } = await openClient();
    for (const id of ['1', '2', '3', '4']) {
      const create = { ...certificateRow(id), status: id === '1' ? 'REVOKED' : 'VALID' } as const;
      await client.certificate.upsert({ where: { id }, create, update: {} });
    }
    await client.certificate.upsert({ where: { id: '2' }, create: certificateRow('2'), update: { issuer: 'new' } });
    const groups = await client.certificate.groupBy({ by: 'status', _count: true, orderBy: { status: 'asc' } });
    expect(groups).toEqual([
      { status: 'REVOKED', _count: 1 },
      { status: 'VALID', _count: 3 },
    ]);
    const page = { orderBy: { id: 'asc' }, take: 2, cursor: { id: '2' }, skip: 1, select: { id: true } } as const;
    expect(await client.certificate.findMany(page)).toEqual([{ id: '3' }, { id: '4' }]);
    expect(await client.certificate.findUnique({ where: { id: '2' } })).toMatchObject({ issuer: 'new' });
  });

  test('runs raw SQL with and without returned rows', async () => {
    const { client } = await openClient();
    await create(client, 'c');
    const time = new Date('2026-06-01T12:00:00.123Z');
    expect(await client.$queryRaw`SELECT id, created_at AS at FROM certificates WHERE created_at = ${time}`).toEqual([
      { id: 'c', at: time },
    ]);
    expect(await client.$executeRaw`UPDATE certificates SET issuer = ${'x'}`).toBe(1);
    expect(await client.$queryRaw`SELECT ${9007199254740993n} AS big`).toEqual([{ big: 9007199254740993n }]);
  });

  test('leaves no transaction open after a raw BEGIN', async () => {
    const { client } = await openClient();
    await client.$executeRawUnsafe('BEGIN');
    await create(client, 'c');
    expect(await client.certificate.count()).toBe(1);
  });

  test('fails when raw SQL is BEGIN IMMEDIATE, and the next write succeeds', async () => {
    const { client, path } = await openClient();
    await expect(client.$executeRawUnsafe('BEGIN IMMEDIATE')).rejects.toThrow();
    await create(client, 'c');
    expect(committedIds(path)).toEqual(['c']);
  });
});

describe('an error of Prisma Client on our adapter', () => {
  test('has the code P2002 when a unique key already exists', async () => {
    const { client } = await openClient();
    await create(client, 'c');
    const again = create(client, 'c');
    await expect(again).rejects.toBeInstanceOf(Prisma.PrismaClientKnownRequestError);
    await expect(again).rejects.toMatchObject({ code: 'P2002', meta: { modelName: 'Certificate' } });
    const sameFingerprint = { ...certificateRow('d'), fingerprintKey: 'c' };
    await expect(client.certificate.create({ data: sameFingerprint })).rejects.toMatchObject({ code: 'P2002' });
  });

  test('has the code P2003 when a foreign key is violated', async () => {
    const { client } = await openClient();
    const data = { ...agentRow('a', 'c'), certificate: undefined, certificateId: 'nothing' };
    // Prisma's types allow the key only in an input without the relation.
    const orphan = data as unknown as Prisma.AgentUncheckedCreateInput;
    await expect(client.agent.create({ data: orphan })).rejects.toMatchObject({ code: 'P2003' });
    await client.agent.create({ data: agentRow('a', 'c') });
    await expect(client.certificate.delete({ where: { id: 'c' } })).rejects.toMatchObject({ code: 'P2003' });
  });

  test('has the code P2025 when the record does not exist', async () => {
    const { client } = await openClient();
    const where = { id: 'nobody' };
    await expect(client.agent.delete({ where })).rejects.toMatchObject({ code: 'P2025' });
    await expect(client.agent.update({ where, data: { name: 'x' } })).rejects.toMatchObject({ code: 'P2025' });
    await expect(client.agent.findUniqueOrThrow({ where })).rejects.toMatchObject({ code: 'P2025' });
  });

  test('has the code P2021 when a table does not exist, and P2022 when a column does not exist', async () => {
    const { client, database } = await openClient();
    await database.withWriter(({ driver }) => {
      driver.exec('ALTER TABLE security_events RENAME COLUMN source TO origin; DROP TABLE certificate_metadata');
    });
    await expect(client.certificateMetadata.findMany()).rejects.toMatchObject({ code: 'P2021' });
    await expect(client.securityEvent.findMany()).rejects.toMatchObject({ code: 'P2022' });
  });
});
