import { spawnSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeUnless } from '../support/skip';
import { temporaryDirectory } from '../support/test-database';

const modules = join(__dirname, '../../node_modules');
const binary = 'better-sqlite3/build/Release/better_sqlite3.node';

const whyNot = [join(__dirname, '../../dist/index.js'), join(modules, binary)].every(existsSync)
  ? undefined
  : 'needs the compiled package (npm run build) and a better-sqlite3 that was compiled or downloaded by npm';

/** Copies packages to a directory where only Plug'n'Play finds them; returns their folders by name. */
function unplug(): Record<string, string> {
  const directory = temporaryDirectory();
  for (const part of ['better-sqlite3/package.json', 'better-sqlite3/lib', binary]) {
    cpSync(join(modules, part), join(directory, part), { recursive: true });
  }
  for (const name of ['bindings', 'file-uri-to-path']) {
    cpSync(join(modules, name), join(directory, name), { recursive: true });
  }
  const names = ['better-sqlite3', 'bindings', 'file-uri-to-path'];
  return Object.fromEntries(names.map((name) => [name, join(directory, name)]));
}

describeUnless(whyNot, 'under Yarn’s Plug’n’Play', () => {
  test('backup() and check() succeed when the process preloads Plug’n’Play', () => {
    const copy = join(temporaryDirectory(), 'copy.sqlite');
    const hook = join(__dirname, 'plug-and-play-hook.cjs');
    const args = ['--require', hook, join(__dirname, 'plug-and-play-process.cjs'), copy];
    const env = { ...process.env, PACKAGES: JSON.stringify(unplug()) };
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, findings: [] });
    expect(existsSync(copy)).toBe(true);
  });
});
