import type { DatabaseService } from '../../src';
import { DatabaseService as Service } from '../../src';
import { agentInput, certificateInput, createCertificate } from '../support/factories';
import { afterTest, openTestDatabase } from '../support/test-database';

/** Opens three services on one database. */
async function openServices(): Promise<readonly [DatabaseService, DatabaseService, DatabaseService]> {
  const { db, options } = await openTestDatabase();
  const [second, third] = [new Service(options), new Service(options)];
  for (const service of [second, third]) {
    afterTest(() => service.close());
    await service.initialize();
  }
  return [db, second, third];
}

describe('the sequence of the change feed', () => {
  test('grows with each change of a record, whichever service makes the change', async () => {
    const services = await openServices();
    const [db] = services;
    const certificateId = await createCertificate(db);
    const ids = ['a', 'b', 'c'];
    const create = (service: DatabaseService, id: string): Promise<unknown> =>
      service.createAgent(agentInput({ id, certificateId })).catch(() => undefined);
    await Promise.all(
      services.map(async (service) => {
        for (let round = 0; round < 8; round += 1) {
          for (const id of ids) {
            await create(service, id);
            await service.agents.mergeMetadata(id, { [`round${round}`]: round });
            await service.deleteAgent(id);
          }
        }
      }),
    );
    const changes = await db.changes({ limit: 10_000 });
    for (const id of ids) {
      const kinds = changes.filter((change) => change.id === id).map(({ kind }) => kind);
      // Each life of a record begins with its creation and ends with its deletion.
      expect(kinds.join(' ')).toMatch(/^(?:CREATED (?:UPDATED )*DELETED(?: |$))+$/);
      expect(kinds.length).toBeGreaterThan(2);
    }
  });

  test('orders an effect after its cause, with any number of concurrent writers', async () => {
    const services = await openServices();
    const [db] = services;
    await createCertificate(db, { id: 'noise' });
    const chain: string[] = [];
    let isOver = false;
    const noise = services.map(async (service, writer) => {
      for (let round = 0; !isOver; round += 1) {
        const id = `n${writer}.${round}`;
        if (round % 2 === 0) await service.createAgent(agentInput({ id, certificateId: 'noise' }));
        else await service.transaction((tx) => tx.createAgent(agentInput({ id, certificateId: 'noise' })));
      }
    });
    for (let step = 0; step < 15; step += 1) {
      // Each is made once the one before it was acknowledged, by another service.
      const service = services[step % 3] ?? db;
      const id = `c${step}`;
      if (step % 2 === 0) await service.createCertificate(certificateInput({ id }));
      else await service.transaction((tx) => tx.createCertificate(certificateInput({ id })));
      chain.push(id);
    }
    isOver = true;
    await Promise.all(noise);
    const changes = await db.changes({ limit: 10_000 });
    expect(changes.filter(({ entity, id }) => entity === 'certificate' && id !== 'noise').map(({ id }) => id)).toEqual(
      chain,
    );
    const sequences = changes.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].sort((first, second) => first - second));
  });
});
