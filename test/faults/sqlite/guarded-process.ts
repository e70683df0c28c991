import { createInterface } from 'node:readline';
import { DatabaseService, isDatabaseError } from '../../../src';
import { certificateInput } from '../../support/factories';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/**
 * Opens the database at `url` and executes one command per line of the standard input. `write ID` and `read ID` make
 * one call and print the id or the code of the error. `hold ID` writes inside a transaction, which commits at the next
 * line other than `read`. `close` closes the database, `initialize` opens it again, and `exit` ends the process without
 * closing it.
 */
async function main(url: string): Promise<void> {
  const db = new DatabaseService({ url, busyTimeoutMs: 1000 });
  await db.initialize();
  say('open');
  const orders = createInterface(process.stdin)[Symbol.asyncIterator]();
  const next = async (): Promise<readonly [string, string]> => {
    const { value } = (await orders.next()) as { value: string };
    const [order = '', id = ''] = value.split(' ');
    return [order, id];
  };
  const read = async (id: string): Promise<string> => (await db.getCertificate(id))?.id ?? 'null';
  const obey: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
    write: (id) => db.createCertificate(certificateInput({ id })),
    read,
    hold: (id) =>
      db.transaction(async (tx) => {
        await tx.createCertificate(certificateInput({ id }));
        say('held');
        for (;;) {
          const [order, wanted] = await next();
          if (order !== 'read') return id;
          await answer(() => read(wanted));
        }
      }),
    close: async () => {
      await db.close();
      return 'closed';
    },
    initialize: async () => {
      await db.initialize();
      return 'initialized';
    },
    exit: () => process.exit(),
  };
  for (;;) {
    const [order, id] = await next();
    await answer(async () => obey[order]?.(id));
  }
}

async function answer(work: () => Promise<unknown>): Promise<void> {
  try {
    say(String(await work()));
  } catch (error) {
    say(isDatabaseError(error) ? error.code : String(error));
  }
}

void main(process.argv[2] ?? '');
