import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { link, open, rm, unlink, type FileHandle } from 'node:fs/promises';
import { CommandError } from './command-error';

/** Destination of a text that a command writes in parts. */
export interface Output {
  readonly write: (text: string) => Promise<void>;
  /** Completes the output, for example gives a file its final name. */
  readonly end: () => Promise<void>;
  /** Removes the written text, if that is possible. */
  readonly discard: () => Promise<void>;
}

/** Returns an output that writes to the standard output, and waits while its reader is slow. */
export function standardOutput(): Output {
  const write = async (text: string): Promise<void> => {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  };
  return { write, end: () => Promise.resolve(), discard: () => Promise.resolve() };
}

/**
 * Creates an output that writes to a new file, which only its owner can read. The file has a temporary name beside
 * `path` until it is complete.
 *
 * @throws CommandError when `path` exists or the file cannot be created.
 */
export async function fileOutput(path: string): Promise<Output> {
  const partial = `${path}.${randomUUID()}.partial`;
  const file = await create(path, partial);
  return {
    write: async (text) => {
      await file.writeFile(text);
    },
    end: async () => {
      await file.sync();
      await file.close();
      // Uses `link`, which fails if the path exists. `rename` would overwrite the existing file.
      await link(partial, path).catch((error: unknown) => rejectPath(path, error));
      await unlink(partial);
    },
    discard: async () => {
      await file.close().catch(() => undefined);
      await rm(partial, { force: true });
    },
  };
}

async function create(path: string, partial: string): Promise<FileHandle> {
  const existing = await open(path, 'r').catch(() => undefined);
  await existing?.close();
  if (existing !== undefined) rejectPath(path, { code: 'EEXIST' });
  return open(partial, 'wx', 0o600).catch((error: unknown) => rejectPath(path, error));
}

function rejectPath(path: string, error: unknown): never {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (code === 'EEXIST') throw new CommandError(`${path} exists; specify a new file`, 'ALREADY_EXISTS');
  if (code === 'ENOENT') throw new CommandError(`the directory of ${path} does not exist`, 'NOT_FOUND');
  throw new CommandError(`${path} cannot be written (${code})`);
}
