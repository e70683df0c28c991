import { mkdirSync, openSync, closeSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseService } from '../../src';
import { agentInput, createAgent, createCertificate } from '../support/factories';
import { expectError } from '../support/expect-error';
import { afterTest, openTestDatabase, temporaryDirectory } from '../support/test-database';
import { whileReadOnly } from '../support/unprivileged';

function createService(path: string): DatabaseService {
  const db = new DatabaseService({ url: `file:${path}`, retry: false });
  afterTest(() => db.close());
  return db;
}

/** A database with some agents, closed, and where it lies. */
async function closedDatabase() {
  const { db, options } = await openTestDatabase();
  const certificateId = await createCertificate(db);
  const agent = agentInput({ certificateId, description: 'x'.repeat(500) });
  for (let count = 0; count < 200; count += 1) await db.createAgent(agent);
  await db.close();
  return { path: options.url.replace('file:', ''), certificateId };
}

function overwrite(path: string, position: number, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, position);
  closeSync(file);
}

describe('initialize fails', () => {
  test('for a missing directory with UNAVAILABLE, which may pass', async () => {
    const path = join(temporaryDirectory(), 'missing', 'x.sqlite');
    const error = await expectError('UNAVAILABLE', () => createService(path).initialize());
    expect(error).toMatchObject({ operation: 'initialize', retryable: true });
    expect(error.cause).toBeDefined();
  });

  test('for a directory in place of a file with UNAVAILABLE', async () => {
    const path = join(temporaryDirectory(), 'directory');
    mkdirSync(path);
    await expectError('UNAVAILABLE', () => createService(path).initialize());
  });

  test('for a file that is no database with CORRUPT, and leaves the file as it is', async () => {
    const path = join(temporaryDirectory(), 'text.sqlite');
    writeFileSync(path, 'This is a diary, and no database. '.repeat(100));
    const error = await expectError('CORRUPT', () => createService(path).initialize());
    expect(error).toMatchObject({ operation: 'initialize', retryable: false });
    expect(statSync(path).size).toBe(3400);
  });

  test('for a database whose header is damaged with CORRUPT', async () => {
    const { path } = await closedDatabase();
    overwrite(path, 0, Buffer.from('garbage garbage garbage garbage'));
    await expectError('CORRUPT', () => createService(path).initialize());
  });

  test('and succeeds once the reason is gone', async () => {
    const path = join(temporaryDirectory(), 'missing', 'x.sqlite');
    const db = createService(path);
    await expectError('UNAVAILABLE', () => db.initialize());
    mkdirSync(dirname(path));
    await db.initialize();
    expect(await createAgent(db)).toMatch(/./);
  });
});

describe('a damaged database', () => {
  test('that lost its end is CORRUPT, at the start or at the first query', async () => {
    const { path } = await closedDatabase();
    truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096);
    const db = createService(path);
    const error = await expectError('CORRUPT', async () => {
      await db.initialize();
      await db.queryAgents({});
    });
    expect(error.retryable).toBe(false);
  });

  test('whose pages are overwritten is CORRUPT, at the start or at the first query', async () => {
    const { path } = await closedDatabase();
    const { size } = statSync(path);
    overwrite(path, 4096, Buffer.alloc(size - 4096, 0xa5));
    const db = createService(path);
    await expectError('CORRUPT', async () => {
      await db.initialize();
      await db.queryAgents({});
    });
  });
});

describe('a read-only database', () => {
  test('is READ_ONLY, at the start or at the first write, and is not changed', async () => {
    const { path, certificateId } = await closedDatabase();
    const before = statSync(path).mtimeMs;
    await whileReadOnly([dirname(path), path], async () => {
      const db = createService(path);
      const error = await expectError('READ_ONLY', async () => {
        await db.initialize();
        await db.createAgent(agentInput({ certificateId }));
      });
      expect(error.retryable).toBe(false);
    });
    expect(statSync(path).mtimeMs).toBe(before);
  });

  test('in a directory that is read-only cannot be created: UNAVAILABLE or READ_ONLY', async () => {
    const directory = temporaryDirectory();
    await whileReadOnly([directory], async () => {
      const outcome = await createService(join(directory, 'new.sqlite'))
        .initialize()
        .catch((error: unknown) => error);
      expect(outcome).toMatchObject({ code: expect.stringMatching(/^(UNAVAILABLE|READ_ONLY)$/) as unknown });
    });
  });
});
