import { DatabaseService } from '../../src';
import { certificateInput } from '../support/factories';

/** Opens, fills and closes `count` databases in memory, and prints `done`. */
async function main(count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) {
    await using db = new DatabaseService({ url: ':memory:' });
    await db.initialize();
    await db.createCertificate(certificateInput({ id: 'kept' }));
    if ((await db.getCertificate('kept')) === null) throw new Error('the certificate is missing');
  }
  process.stdout.write('done\n');
}

void main(Number(process.argv[2]));
