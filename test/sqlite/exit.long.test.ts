import { existsSync } from 'node:fs';
import { describeUnless } from '../support/skip';
import { startWithMemory, whyNoMemoryDirectories } from './memory-directories';

describeUnless(whyNoMemoryDirectories, 'a database in memory', () => {
  test('removes its directory when its process exits without closing it', async () => {
    const { child, ended, directory } = await startWithMemory();
    child.stdin?.write('exit\n');
    await ended;
    expect(existsSync(directory)).toBe(false);
  });
});
