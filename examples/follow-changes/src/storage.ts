import { open, readFile, rename } from 'node:fs/promises';
import type { Directory, Entry } from './directory.js';

/** Content of the file. */
interface Stored {
  readonly position?: number;
  readonly agents: readonly [id: string, entry: Entry][];
}

/** Returns the saved directory; undefined before the first one. */
export async function loadDirectory(path: string): Promise<Directory | undefined> {
  try {
    // Only `saveDirectory` writes the file.
    const { position, agents } = JSON.parse(await readFile(path, 'utf8')) as Stored;
    return { position, agents: new Map(agents) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the file at once: a crash leaves the old content or the new one, and never a part. */
export async function saveDirectory(path: string, directory: Directory): Promise<void> {
  const { position, agents } = directory;
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(JSON.stringify({ position, agents: [...agents] }));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
