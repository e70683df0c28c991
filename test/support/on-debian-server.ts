import { spawn } from 'node:child_process';
import { debianBinaries } from './postgresql-binaries';
import { PostgresqlServer, unusualSettings } from './postgresql-server';

/** Runs a command with a server of Debian's packages for the tests on PostgreSQL; returns its exit code. */
async function main(command: string, args: readonly string[]): Promise<number> {
  const binaries = debianBinaries();
  if (binaries === undefined) {
    process.stderr.write('Not run: Debian’s PostgreSQL is not installed\n');
    return 0;
  }
  await using server = await PostgresqlServer.start({ binaries, settings: unusualSettings });
  const child = spawn(command, args, {
    stdio: 'inherit',
    env: { ...process.env, TEST_POSTGRESQL_URL: server.url() },
  });
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

const [command = '', ...args] = process.argv.slice(2);
void main(command, args).then((code) => (process.exitCode = code));
