import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fill, soundReport } from '../support/sound-database';
import { administer } from '../support/administration';
import { debianBinaries } from '../support/postgresql-binaries';
import { PostgresqlServer } from '../support/postgresql-server';
import { expectError } from '../support/expect-error';
import { allRawRows } from '../support/raw-reader';
import { closeRawClient } from '../support/raw-client';
import { describeUnless } from '../support/skip';
import { afterTest, openTestDatabase, temporaryDirectory } from '../support/test-database';

const binaries = debianBinaries();
/** Folder of the tools of the server's own version, which a dump needs; undefined when they are not installed. */
const tools = binaries !== undefined && existsSync(join(binaries, 'pg_dump')) ? binaries : undefined;

function run(tool: string, ...args: readonly string[]): void {
  execFileSync(join(tools ?? '', tool), args, { stdio: ['ignore', 'inherit', 'inherit'] });
}

describe('db.backup() on PostgreSQL', () => {
  test('backup() on PostgreSQL fails with an INVALID_OPTIONS error that names pg_dump', async () => {
    const { db } = await openTestDatabase();
    const path = join(temporaryDirectory(), 'backup');
    const error = await expectError('INVALID_OPTIONS', () => db.backup(path));
    expect(error).toMatchObject({ operation: 'backup', field: 'url', retryable: false });
    expect(error.message).toContain('pg_dump');
    expect(existsSync(path)).toBe(false);
    await expectError('INVALID_INPUT', () => db.backup(''));
  });
});

describeUnless(tools === undefined ? 'pg_dump is not installed' : undefined, 'a dump by pg_dump', () => {
  test('a dump contains every row after pg_restore', async () => {
    const server = await PostgresqlServer.start({ binaries: tools });
    afterTest(() => server.remove());
    const url = server.url('directory');
    await administer(server.url(), 'CREATE DATABASE directory');
    await administer(server.url(), 'CREATE DATABASE restored');
    const database = await openTestDatabase({ url, migrations: 'apply' });
    await fill(database);
    const before = await allRawRows(database);
    const dump = join(temporaryDirectory(), 'directory.dump');
    run('pg_dump', '--format=custom', '--no-owner', `--file=${dump}`, `--dbname=${url}`);
    await database.db.deleteAgent('whole');
    const restored = server.url('restored');
    run('pg_restore', '--no-owner', '--exit-on-error', '--single-transaction', `--dbname=${restored}`, dump);
    expect(await allRawRows({ options: { url: restored } })).toEqual(before);
    const { db: copy } = await openTestDatabase({ url: restored, migrations: 'verify' });
    expect(await copy.check()).toEqual(soundReport);
    await copy.deleteAgent('plain');
    // The change feed of the copy continues after its last number.
    expect(await copy.changes({ limit: 10_000 })).toHaveLength((before['changes']?.length ?? 0) + 1);
    await closeRawClient(restored);
    await closeRawClient(url);
  });
});
