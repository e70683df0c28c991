import { createWriteStream } from 'node:fs';
import { access, constants, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CommandError } from '../command-error';

/** File to import. It can be read more than once. */
export interface InputFile extends AsyncDisposable {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Opens the file that an argument names. An import reads its input twice, so for `-` the standard input is copied to a
 * temporary file.
 *
 * @throws CommandError when the file cannot be read.
 */
export async function openInput(file: string): Promise<InputFile> {
  if (file === '-') return spoolInput();
  const stats = await stat(file).catch(() => undefined);
  const isReadable = await access(file, constants.R_OK).then(
    () => true,
    () => false,
  );
  if (stats?.isFile() !== true || !isReadable) throw new CommandError(`${file} is not a readable file`, 'NOT_FOUND');
  return { path: file, bytes: stats.size, [Symbol.asyncDispose]: () => Promise.resolve() };
}

async function spoolInput(): Promise<InputFile> {
  const directory = await mkdtemp(join(tmpdir(), 'ans-database-'));
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const path = join(directory, 'input');
    await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }));
    return { path, bytes: (await stat(path)).size, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
