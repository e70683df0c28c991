import { agentRow, committedIds, create, openClient } from './prisma-clients';

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
  test('Prisma Client on our adapter creates a record with its relations and returns both', async () => {
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

  test('Prisma Client on our adapter writes nothing when the last part of a nested create fails', async () => {
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

  test('Prisma Client on our adapter leaves no transaction open after a raw BEGIN', async () => {
    const { client } = await openClient();
    await client.$executeRawUnsafe('BEGIN');
    await create(client, 'c');
    expect(await client.certificate.count()).toBe(1);
  });

  test('Prisma Client on our adapter fails when raw SQL is BEGIN IMMEDIATE, and the next write succeeds', async () => {
    const { client, path } = await openClient();
    await expect(client.$executeRawUnsafe('BEGIN IMMEDIATE')).rejects.toThrow();
    await create(client, 'c');
    expect(committedIds(path)).toEqual(['c']);
  });
});
