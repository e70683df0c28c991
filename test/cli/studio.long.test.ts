import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { engine } from '../support/engine';
import { createAgent } from '../support/factories';
import { packageRoot, whileServing } from '../support/prisma-cli';
import { findFreePort } from '../support/server-process';
import { describeUnless } from '../support/skip';
import { openTestDatabase, temporaryDirectory } from '../support/test-database';
import { startStudio } from './run-cli';

jest.setTimeout(240_000);

const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const schema = { sqlite: 'main', postgresql: 'public' }[engine];

/** Returns the HTML of a page after its scripts have had a minute of virtual time. */
async function renderPage(command: string, url: string): Promise<string> {
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${temporaryDirectory()}`];
  const dump = ['--virtual-time-budget=60000', '--window-size=4000,800', '--dump-dom', url];
  const { stdout } = await promisify(execFile)(command, [...flags, ...dump], { maxBuffer: 2 ** 26, timeout: 180_000 });
  return stdout;
}

describeUnless(browser === undefined ? 'no Chromium is installed' : undefined, 'ans-database studio', () => {
  test('ans-database studio shows the tables and their rows in Chromium', async () => {
    const { db, options } = await openTestDatabase();
    await createAgent(db, {
      id: 'agent-of-studio',
      name: 'Shown name',
      createdAt: new Date('2031-02-03T04:05:06.007Z'),
    });
    const port = await findFreePort();
    const ended = await whileServing(startStudio(port, options.url, packageRoot), port, async (address) => {
      const page = await renderPage(browser ?? '', `${address}/#schema=${schema}&table=agents&view=table`);
      for (const table of ['certificates', 'endpoints', 'security_events']) expect(page).toContain(`>${table}<`);
      expect(page).toContain('agent-of-studio');
      expect(page).toContain('Shown name');
      // SQLite stores milliseconds since 1970. The test server has a DateStyle other than ISO.
      expect(page).toMatch(/1927857906007|2031-02-03T04:05:06\.007Z/);
    });
    expect(ended).toBe(0);
  });
});
