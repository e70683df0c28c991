import { createInterface } from 'node:readline';
import { DatabaseService, isDatabaseError } from '../../../src';
import { certificateInput } from '../../support/factories';

/** Tells the test something. What was written to a pipe outlives the process. */
function say(...words: readonly string[]): void {
  process.stdout.write(`${words.join(' ')}\n`);
}

/**
 * Opens the database at `url` and obeys one order a line: `write ID` and `read ID` call once and answer with the ID or with
 * the error's code, `hold ID` writes inside a transaction and waits for the next line before it commits, `close` closes,
 * and `exit` ends the process without closing.
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
  const obey: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
    write: (id) => db.createCertificate(certificateInput({ id })),
    read: async (id) => (await db.getCertificate(id))?.id ?? 'null',
    hold: (id) =>
      db.transaction(async (tx) => {
        await tx.createCertificate(certificateInput({ id }));
        say('held');
        await next();
        return id;
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
    try {
      say(String(await obey[order]?.(id)));
    } catch (error) {
      say(isDatabaseError(error) ? error.code : String(error));
    }
  }
}

void main(process.argv[2] ?? '');
