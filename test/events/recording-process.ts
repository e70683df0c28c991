import { DatabaseService } from '../../src';
import { eventInput } from '../support/factories';

/** Records events and a mitigation in the database at `url`, reports that, and waits to be killed. */
async function main(url: string): Promise<void> {
  const db = new DatabaseService({ url });
  await db.initialize();
  const ids = Array.from({ length: 10 }, (_, index) => `killed-${index}`);
  await Promise.all(ids.map((id) => db.events.record(eventInput({ id }))));
  await db.events.markMitigated('killed-3', { applied: true });
  process.stdout.write('recorded\n');
  setInterval(() => undefined, 1000);
}

void main(process.argv[2] ?? '');
