import { setTimeout as sleep } from 'node:timers/promises';
import { startOwnServer, whyNoOwnServer } from '../support/own-server';
import { administer } from '../support/administration';
import type { PostgresqlServer } from '../support/postgresql-server';
import { describeUnless } from '../support/skip';
import { expectRepaired, fillOldDatabase, tryToOpen } from './postgresql-old-database';
import { strikes } from './postgresql-work';

const rounds = Math.ceil(strikes / 2);

describeUnless(whyNoOwnServer, 'A server that dies while a migration is applied', () => {
  let server: PostgresqlServer;
  beforeAll(async () => {
    server = await startOwnServer({ settings: { fsync: 'on', full_page_writes: 'on' } });
    await administer(server.url(), 'CREATE DATABASE old');
    await fillOldDatabase(server.url('old'));
  });
  afterAll(() => server.remove());

  test.each(['fast', 'immediate'] as const)('-m %s: the next start completes it, and nothing is lost', async (mode) => {
    const ends: Record<string, number> = {};
    for (let round = 0; round < rounds; round += 1) {
      const name = `${mode}_${round}`;
      await administer(server.url(), `CREATE DATABASE ${name} TEMPLATE old`);
      const opening = tryToOpen(server.url(name));
      // A migration, and what follows it, takes about as long as the longest wait.
      await sleep((1500 * (round + Math.random())) / rounds);
      await server.stop(mode);
      const code = await opening;
      expect([undefined, 'UNAVAILABLE']).toContain(code);
      ends[code ?? 'applied'] = (ends[code ?? 'applied'] ?? 0) + 1;
      await server.start();
      await expectRepaired(server.url(name));
      await administer(server.url(), `DROP DATABASE ${name}`);
    }
    process.stderr.write(`a migration, -m ${mode}: ${rounds} rounds, ${JSON.stringify(ends)}, 0 lost\n`);
  });
});
