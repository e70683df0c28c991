import { createInterface } from 'node:readline';
import { DatabaseService, isDatabaseError } from '../../src';

/** A command: opens the database, or calls the one that is open. */
interface Command {
  readonly id: number;
  readonly work: 'open' | 'read' | 'write' | 'transaction' | 'health';
  readonly url: string;
}

const services = new Map<string, DatabaseService>();

async function open(url: string): Promise<void> {
  const pool = { connectTimeoutMs: 400, statementTimeoutMs: 400, maxConnections: 2 };
  const db = new DatabaseService({ url, migrations: 'skip', retry: false, breaker: false, pool, closeTimeoutMs: 100 });
  services.set(url, db);
  await db.initialize();
}

async function perform({ work, url }: Command): Promise<void> {
  if (work === 'open') return open(url);
  const db = services.get(url);
  if (db === undefined) throw new Error('Not open');
  if (work === 'read') await db.getCertificate('c');
  if (work === 'write') await db.updateCertificateStatus('c', 'VALID');
  if (work === 'transaction') await db.transaction((tx) => tx.getCertificate('c'));
  if (work === 'health') await db.health();
}

async function answer(command: Command): Promise<void> {
  const outcome = await perform(command).then(
    () => ({ code: 'done' }),
    (error: unknown) => {
      if (!isDatabaseError(error)) return { code: `no DatabaseError: ${String(error)}` };
      const { code, retryable, message } = error;
      return { code, retryable, message };
    },
  );
  process.stdout.write(`${JSON.stringify({ id: command.id, ...outcome })}\n`);
}

// An uncaught error ends the process, which fails the test.
createInterface(process.stdin).on('line', (line) => void answer(JSON.parse(line) as Command));
