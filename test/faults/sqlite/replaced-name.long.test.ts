import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseService } from '../../../src';
import { soundReport } from '../../support/sound-database';
import { nextLine, startProcess } from '../../support/child-process';
import { certificateInput } from '../../support/factories';
import { afterTest, temporaryDirectory } from '../../support/test-database';

async function openInProcess(path: string) {
  const child = startProcess(join(__dirname, 'guarded-process.ts'), `file:${path}`);
  expect(await nextLine(child)).toBe('open');
  return async (order: string): Promise<string> => {
    const answer = nextLine(child);
    child.child.stdin?.write(`${order}\n`);
    return answer;
  };
}

const faults: Readonly<Record<string, (path: string) => void>> = {
  removed: (path) => rmSync(path),
  'moved away': (path) => renameSync(path, `${path}-moved`),
  'replaced by another database': (path) => renameSync(`${path}-other`, path),
};

describe.each(Object.entries(faults))(
  'A database that another process has open and whose file was %s',
  (_fault, work) => {
    test('opens again after the other process saves its log, and no acknowledged write is lost', async () => {
      const path = join(temporaryDirectory(), 'test.sqlite');
      const other = new DatabaseService({ url: `file:${path}-other` });
      await other.initialize();
      await other.close();
      const ask = await openInProcess(path);
      for (const id of ['a1', 'a2']) expect(await ask(`write ${id}`)).toBe(id);
      work(path);

      const db = new DatabaseService({ url: `file:${path}`, busyTimeoutMs: 1000 });
      afterTest(() => db.close());
      await expect(db.initialize()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
      expect(await ask('write a3')).toBe('UNAVAILABLE');
      await db.initialize();
      for (const id of ['b1', 'b2']) await db.createCertificate(certificateInput({ id }));
      expect(await ask('write a4')).toBe('UNAVAILABLE');
      await db.createCertificate(certificateInput({ id: 'b3' }));
      expect(await ask('close')).toBe('closed');
      await db.createCertificate(certificateInput({ id: 'b4' }));
      await db.close();

      await db.initialize();
      const ids = (await db.certificates.query({})).map(({ id }) => id).sort();
      expect(ids).toEqual(['b1', 'b2', 'b3', 'b4']);
      expect(await db.check()).toEqual(soundReport);
    });
  },
);
