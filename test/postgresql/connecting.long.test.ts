import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseService, type DatabaseOptions } from '../../src';
import { administer } from '../support/administration';
import { LocalServer } from '../support/local-server';
import { findFreePort } from '../support/server-process';
import { createSignal } from '../support/signal';
import { describeUnless } from '../support/skip';
import { afterTest } from '../support/test-database';
import { waitUntil } from '../support/wait-until';
import { connectTimeoutMs, secretInUrl, shareTarget } from './connecting';
import { startOwnServer, whyNoOwnServer } from '../support/own-server';

/** Connections that a role may make: the server keeps three for superusers. */
const slots = 6;

describeUnless(whyNoOwnServer, 'Connecting', () => {
  const target = shareTarget({ max_connections: slots + 3, superuser_reserved_connections: 3 });

  describe('to where nothing is', () => {
    test('a host without a name is UNAVAILABLE, and may be there later', async () => {
      await target.failToConnect(`postgresql://ans:${secretInUrl}@no-such-host.invalid/ans`, 'UNAVAILABLE', true);
    });

    test('a port that nobody listens on is UNAVAILABLE', async () => {
      const port = await findFreePort();
      await target.failToConnect(`postgresql://ans:${secretInUrl}@127.0.0.1:${port}/ans`, 'UNAVAILABLE', true);
    });

    test('localhost with nobody on either of its addresses is UNAVAILABLE', async () => {
      const port = await findFreePort();
      await target.failToConnect(`postgresql://ans:x@localhost:${port}/ans`, 'UNAVAILABLE', true);
    });

    test('a socket that is not there is UNAVAILABLE', async () => {
      await target.failToConnect(`postgresql://ans:${secretInUrl}@/ans?host=/no/such/directory`, 'UNAVAILABLE', true);
    });

    test('a server that accepts and says nothing is UNAVAILABLE after connectTimeoutMs', async () => {
      const url = await urlOfListener(() => undefined);
      const failure = await target.failToConnect(url, 'UNAVAILABLE', true);
      expect(failure.durationMs).toBeGreaterThan(connectTimeoutMs - 50);
    });

    test('a blackhole is UNAVAILABLE after connectTimeoutMs at most', async () => {
      // An address for documentation (RFC 5737), which nobody answers for.
      await target.failToConnect(`postgresql://ans:${secretInUrl}@192.0.2.1/ans`, 'UNAVAILABLE', true);
    });

    test('what speaks another protocol is UNAVAILABLE', async () => {
      const url = await urlOfListener((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
      await target.failToConnect(url, 'UNAVAILABLE', true);
    });

    test('a server that hangs up at once is UNAVAILABLE', async () => {
      const url = await urlOfListener((socket) => socket.destroy());
      await target.failToConnect(url, 'UNAVAILABLE', true);
    });

    async function urlOfListener(onConnection: (socket: Socket) => unknown): Promise<string> {
      return (await LocalServer.start(onConnection)).url(`postgresql://ans:${secretInUrl}@127.0.0.1/ans`);
    }
  });

  describe('to a server that cannot take another', () => {
    test('no slot left is UNAVAILABLE, and works when there is one again', async () => {
      const url = await target.urlOfRole('many', 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO many');
      const options: DatabaseOptions = { url, pool: { connectTimeoutMs, maxConnections: slots } };
      // The server takes a moment to notice that the tests before have closed theirs.
      const others = "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
      await waitUntil(async () => (await administer(target.migrated, others)).length === 0);
      await using holder = new DatabaseService(options);
      await holder.initialize();
      const end = createSignal();
      let inside = 0;
      const holders = Array.from({ length: slots }, () =>
        holder.transaction(async (tx) => {
          await tx.getAgent('known');
          inside += 1;
          await end.given;
        }),
      );
      await waitUntil(() => inside === slots);
      await target.failToConnect(url, 'UNAVAILABLE', true);
      end.give();
      await Promise.all(holders);
      await holder.close();
      await using db = new DatabaseService(options);
      await db.initialize();
      expect(await db.getAgent('known')).not.toBeNull();
    });

    test('a server that comes up is UNAVAILABLE until it is there', async () => {
      const slow = await startOwnServer();
      afterTest(() => slow.remove());
      await slow.stop();
      const codes = new Set<string>();
      let isUp = false;
      const attempts = (async () => {
        while (!isUp) {
          const db = new DatabaseService({ url: slow.url(), migrations: 'skip', pool: { connectTimeoutMs } });
          try {
            await db.initialize();
            isUp = true;
          } catch (error) {
            const { code, retryable } = error as { code: string; retryable: boolean };
            codes.add(`${code} ${retryable}`);
          } finally {
            await db.close();
          }
        }
      })();
      await sleep(50);
      await slow.start();
      await attempts;
      expect([...codes]).toEqual(['UNAVAILABLE true']);
    });
  });
});
