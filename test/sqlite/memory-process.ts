import { DatabaseService } from '../../src';
import { certificateInput } from '../support/factories';

/** Opens, fills and closes databases in memory, `count` in all, and tells of the end. */
async function main(count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) {
    const db = new DatabaseService({ url: ':memory:' });
    await db.initialize();
    await db.createCertificate(certificateInput({ id: 'kept' }));
    if ((await db.getCertificate('kept')) === null) throw new Error('The certificate is gone');
    await db.close();
  }
  process.stdout.write('done\n');
}

void main(Number(process.argv[2]));
