import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError, DatabaseService, driverErrorOf, type DatabaseErrorCode, type DatabaseOptions } from '../../src';
import { administer } from '../support/administration';
import { collectLog } from '../support/collect-log';
import { expectError } from '../support/expect-error';
import { createAgent } from '../support/factories';
import { inspected } from '../support/inspected';
import { LocalServer } from '../support/local-server';
import { shareOwnServer, startOwnServer, whyNoOwnServer } from '../support/own-server';
import { findFreePort } from '../support/server-process';
import { holdTransaction } from '../support/held-transaction';
import { describeUnless } from '../support/skip';
import { afterTest } from '../support/test-database';
import { waitUntil } from '../support/wait-until';

/** Connections that a role may open: the server reserves three for superusers. */
const slots = 6;
const connectTimeoutMs = 1500;
/** The password, which no error, log line or event may contain. */
const secret = 'sEcr3t-p@ss/word';
const secretInUrl = encodeURIComponent(secret);

interface Failure {
  readonly error: DatabaseError;
  /** The error with all its properties, the log lines and the events. */
  readonly printed: string;
  readonly durationMs: number;
}

async function failToOpen(options: DatabaseOptions): Promise<Failure> {
  const { logger, entries } = collectLog();
  const start = performance.now();
  let db: DatabaseService | undefined;
  try {
    db = new DatabaseService({ ...options, logger, onEvent: (event) => void entries.push([event]) });
    await db.initialize();
  } catch (error) {
    const durationMs = performance.now() - start;
    if (!(error instanceof DatabaseError)) throw error;
    return { error, printed: inspected([error, driverErrorOf(error), entries]), durationMs };
  } finally {
    await db?.close();
  }
  throw new Error('the database was opened');
}

describeUnless(whyNoOwnServer, 'a PostgreSQL database', () => {
  const settings = { max_connections: slots + 3, superuser_reserved_connections: 3 };
  const shared = shareOwnServer((db) => createAgent(db, { id: 'known' }), settings);

  /** Asserts that a database fails to open with this error in time, and that the password is printed nowhere. */
  async function expectFailure(
    options: DatabaseOptions,
    code: DatabaseErrorCode,
    retryable: boolean,
  ): Promise<Failure> {
    const failure = await failToOpen({ pool: { connectTimeoutMs }, ...options });
    const { error, printed, durationMs } = failure;
    expect({ code: error.code, retryable: error.retryable }).toEqual({ code, retryable });
    expect(durationMs).toBeLessThan(connectTimeoutMs + 500);
    expect(error.message).toMatch(/^(Failed to initialize database|Migration failed): \w/);
    for (const password of [secret, secretInUrl, shared.server.superuser.password]) {
      expect(printed).not.toContain(password);
    }
    return failure;
  }

  const urlAt = (address: string): string => `postgresql://ans:${secretInUrl}@${address}`;
  const urlOfDatabase = (name: string, role?: string): string =>
    shared.server.url(name, role === undefined ? undefined : { name: role, password: secret });
  const listener = async (onConnection: (socket: Socket) => unknown): Promise<string> =>
    (await LocalServer.start(onConnection)).url(urlAt('127.0.0.1/ans'));

  /** Creates a role with privileges in the database `work`, and returns the URL of a database for it. */
  async function urlOfRole(role: string, privileges: string, database = 'work'): Promise<string> {
    await administer(shared.url, `CREATE ROLE ${role} LOGIN PASSWORD '${secret}'; ${privileges}`);
    return urlOfDatabase(database, role);
  }

  async function tablesOf(url: string): Promise<unknown[]> {
    return administer(url, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'");
  }

  test.each<[string, () => string | Promise<string>]>([
    ['a host name that does not exist', () => urlAt('no-such-host.invalid/ans')],
    ['a port without a listener', async () => urlAt(`127.0.0.1:${await findFreePort()}/ans`)],
    ['localhost without a listener', async () => urlAt(`localhost:${await findFreePort()}/ans`)],
    ['a missing socket', () => urlAt('/ans?host=/no/such/directory')],
    ['a server that sends nothing', () => listener(() => undefined)],
    // An address for documentation (RFC 5737), which never answers.
    ['an address that never answers', () => urlAt('192.0.2.1/ans')],
    ['a server of another protocol', () => listener((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))],
    ['a server that disconnects at once', () => listener((socket) => socket.destroy())],
  ])('initialize fails with a retryable UNAVAILABLE when the URL leads to %s', async (what, urlOf) => {
    const { durationMs } = await expectFailure({ url: await urlOf() }, 'UNAVAILABLE', true);
    if (what.includes('sends nothing')) expect(durationMs).toBeGreaterThan(connectTimeoutMs - 50);
  });

  test.each<[string, DatabaseErrorCode, () => string]>([
    ['a wrong password', 'UNAVAILABLE', () => urlOfDatabase('work', 'postgres')],
    ['no password', 'UNAVAILABLE', () => `postgresql://postgres@127.0.0.1:${shared.server.port}/work`],
    ['an unknown role', 'UNAVAILABLE', () => urlOfDatabase('work', 'nobody')],
    ['a missing database', 'UNAVAILABLE', () => urlOfDatabase('missing')],
    ['sslmode=verify-full on a server without TLS', 'UNAVAILABLE', () => `${shared.url}?sslmode=verify-full`],
    ['ssl=true on a server without TLS', 'UNAVAILABLE', () => `${shared.url}?ssl=true`],
    ['the URL of a database without tables', 'SCHEMA_OUTDATED', () => urlOfDatabase('postgres')],
    ['the URL of a missing schema', 'SCHEMA_OUTDATED', () => `${shared.url}?schema=absent`],
    [
      'the URL of a missing schema with options',
      'SCHEMA_OUTDATED',
      () => `${shared.url}?schema=absent&options=-c%20geqo%3Doff`,
    ],
    ['an unknown setting', 'INVALID_OPTIONS', () => `${shared.url}?options=-c%20no_such_setting%3D1`],
    ['an unknown server option', 'INVALID_OPTIONS', () => `${shared.url}?options=--nonsense`],
    ['an invalid value of a setting', 'INVALID_OPTIONS', () => `${shared.url}?options=-c%20geqo%3Dmaybe`],
  ])('initialize fails with %s, and the error %s is not retryable', async (_, code, urlOf) => {
    await expectFailure({ url: urlOf() }, code, false);
  });

  test('initialize fails with INVALID_OPTIONS when a certificate file is missing, and does not show its path', async () => {
    const url = `${shared.url}?sslmode=verify-full&sslrootcert=/no/such/file.pem`;
    const { error } = await expectFailure({ url }, 'INVALID_OPTIONS', false);
    expect(error.message).not.toContain('/no/such');
  });

  test.each([
    `postgresql:ans:${secretInUrl}@host/db`,
    urlAt('host:port/db'),
    urlAt('ho st/db'),
    urlAt('[::1/db'),
    urlAt('host:99999/db'),
    `postgresql://ans:${secretInUrl}%zz@host/db`,
    urlAt('host/db with a space'),
    urlAt('127.0.0.1:1/db?schema='),
    `mysql://ans:${secretInUrl}@host/db`,
  ])('initialize fails with INVALID_OPTIONS when the URL of the primary or a replica is %s', async (url) => {
    const { printed } = await expectFailure({ url }, 'INVALID_OPTIONS', false);
    expect(printed).not.toContain(url);
    await expectFailure({ url: shared.url, replicaUrls: [url] }, 'INVALID_OPTIONS', false);
  });

  test.each(['LATIN1', 'SQL_ASCII'])(
    'initialize refuses a PostgreSQL database with the encoding %s and does not change it',
    async (encoding) => {
      const name = encoding.toLowerCase();
      const create = `CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`;
      await administer(shared.server.url(), create);
      const options = { url: urlOfDatabase(name), migrations: 'apply' } as const;
      const { error } = await expectFailure(options, 'UNAVAILABLE', false);
      expect(error.message).toContain('UTF8');
      expect(await tablesOf(options.url)).toEqual([]);
    },
  );

  test('initialize fails with PERMISSION_DENIED and creates no tables when the role lacks a privilege', async () => {
    await administer(shared.server.url(), 'CREATE DATABASE closed');
    await administer(shared.server.url(), 'REVOKE CONNECT ON DATABASE closed FROM PUBLIC');
    await expectFailure({ url: await urlOfRole('stranger', '', 'closed') }, 'PERMISSION_DENIED', false);
    const unreadable = await expectFailure({ url: await urlOfRole('blind', '') }, 'PERMISSION_DENIED', false);
    expect(unreadable.error.message).toContain('may not read the migration history');
    await administer(shared.server.url(), 'CREATE DATABASE bare');
    const options = { url: await urlOfRole('guest', '', 'bare'), migrations: 'apply' } as const;
    const { error } = await expectFailure(options, 'PERMISSION_DENIED', false);
    expect(error.message).toContain('lacks a required privilege');
    expect(await tablesOf(urlOfDatabase('bare'))).toEqual([]);
  });

  test('reads fail with PERMISSION_DENIED when the role lacks a privilege and migrations are skipped', async () => {
    const { logger, entries } = collectLog();
    const db = await shared.open({ url: await urlOfRole('unread', ''), migrations: 'skip', logger });
    const error = await expectError('PERMISSION_DENIED', () => db.getAgent('known'));
    expect(error).toMatchObject({ retryable: false, operation: 'agents.get' });
    expect(error.message).toContain('privilege');
    expect(inspected([error, driverErrorOf(error), entries])).not.toContain(secret);
  });

  test('initialize accepts a password with characters that the URL has to escape', async () => {
    const password = 'a:b/c?d#e@f%g h\'"\\é€';
    const create = `CREATE ROLE escaped LOGIN PASSWORD '${password.replaceAll("'", "''")}'`;
    await administer(shared.url, `${create}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO escaped`);
    const db = await shared.open({ url: shared.server.url('work', { name: 'escaped', password }) });
    expect(await db.getAgent('known')).not.toBeNull();
  });

  test('initialize fails with a retryable UNAVAILABLE while the server has no free connection', async () => {
    const url = await urlOfRole('many', 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO many');
    const options: DatabaseOptions = { url, pool: { connectTimeoutMs, maxConnections: slots } };
    // The server notices a moment later that the connections of earlier tests are closed.
    const others = "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    await waitUntil(async () => (await administer(shared.url, others)).length === 0);
    const holder = await shared.open(options);
    const hold = () => holdTransaction(holder, (tx) => tx.getAgent('known'));
    const held = await Promise.all(Array.from({ length: slots }, hold));
    await expectFailure({ url }, 'UNAVAILABLE', true);
    for (const { release } of held) release();
    await Promise.all(held.map(({ outcome }) => outcome));
    await holder.close();
    const db = await shared.open(options);
    expect(await db.getAgent('known')).not.toBeNull();
  });

  test('initialize fails with a retryable UNAVAILABLE while the server is starting', async () => {
    const slow = await startOwnServer();
    afterTest(() => slow.remove());
    await slow.stop();
    const started = sleep(50).then(() => slow.start());
    const codes = new Set<string>();
    for (let isOpen = false; !isOpen;) {
      await using db = new DatabaseService({ url: slow.url(), migrations: 'skip', pool: { connectTimeoutMs } });
      try {
        await db.initialize();
        isOpen = true;
      } catch (error) {
        const { code, retryable } = error as DatabaseError;
        codes.add(`${code} ${retryable}`);
      }
    }
    await started;
    expect([...codes]).toEqual(['UNAVAILABLE true']);
  });
});
