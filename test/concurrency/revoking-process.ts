import { DatabaseService, isDatabaseError } from '../../src';

/**
 * Sets each certificate of the database at `url` to VALID and SUSPENDED in turn until a call fails because the
 * certificate is revoked. Prints the id and the code of the error.
 */
async function main(url: string, ids: readonly string[]): Promise<void> {
  const db = new DatabaseService({ url, busyTimeoutMs: 20_000 });
  await db.initialize();
  process.stdout.write('ready\n');
  for (const id of ids) {
    try {
      for (let round = 0; ; round += 1) await db.updateCertificateStatus(id, round % 2 === 0 ? 'VALID' : 'SUSPENDED');
    } catch (error) {
      process.stdout.write(`${id} ${isDatabaseError(error) ? error.code : String(error)}\n`);
    }
  }
  await db.close();
}

const [url = '', ...ids] = process.argv.slice(2);
void main(url, ids);
