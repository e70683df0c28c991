import { copyFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { nextLine, startProcess } from '../../support/child-process';
import { agentInput, createAgent, createCertificate } from '../../support/factories';
import { soundReport } from '../../support/sound-database';
import { openTestDatabase, temporaryDirectory } from '../../support/test-database';

/** Wait in milliseconds after which a read compares the files again: a comparison is valid for ten milliseconds. */
export const momentMs = 15;

export const newPath = (): string => join(temporaryDirectory(), 'test.sqlite');

/** Opens a database in another process, which writes these certificates. */
export async function openInProcess(path: string, ...ids: readonly string[]) {
  const child = startProcess(join(__dirname, 'guarded-process.ts'), `file:${path}`);
  expect(await nextLine(child)).toBe('open');
  for (const id of ids) expect(await child.ask(`write ${id}`)).toBe(id);
  return child;
}

/** Opens a database in this process. The last rows of the database are only in its log. */
export async function openWithLog(path = newPath()) {
  const database = await openTestDatabase({ url: `file:${path}`, cache: {}, busyTimeoutMs: 1000 });
  const certificateId = await createCertificate(database.db, { id: 'c' });
  await createAgent(database.db, { id: 'kept', certificateId });
  const write = (id: string) => database.db.createAgent(agentInput({ id, certificateId }));
  return { ...database, path, write };
}

/** Asserts that the database at a path is undamaged and has exactly these certificates. */
export async function expectKept(path: string, ids: readonly string[]): Promise<void> {
  const { db } = await openTestDatabase({ url: `file:${path}`, busyTimeoutMs: 1000 });
  expect((await db.certificates.query({ orderBy: 'id' })).map(({ id }) => id)).toEqual([...ids].sort());
  expect(await db.check()).toEqual(soundReport);
  await db.close();
}

/** A change of the files of a database; returns the path of the database afterwards. */
export type Damage = (path: string) => string;

export const remove = (...suffixes: readonly string[]): Damage => {
  return (path) => {
    for (const suffix of suffixes) rmSync(path + suffix);
    return path;
  };
};
export const replaceByCopy = (suffix: string): Damage => {
  return (path) => {
    copyFileSync(path + suffix, `${path}-copy`);
    renameSync(`${path}-copy`, path + suffix);
    return path;
  };
};
export const rename: Damage = (path) => {
  renameSync(path, `${path}-moved`);
  return `${path}-moved`;
};
/** The path that a process is given, and the path of the file itself. */
export type Place = readonly [path: string, real: string];

export function plainPlace(): Place {
  const path = newPath();
  return [path, path];
}

export function linkedPlace(): Place {
  const [path, real] = [join(temporaryDirectory(), 'link.sqlite'), newPath()];
  symlinkSync(real, path);
  return [path, real];
}
