import { randomUUID } from 'node:crypto';
import fs, { constants } from 'node:fs';
import { link, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { BackupRequest } from '../../options/parse-backup';
import type { BackupProgress } from '../../options/backup-options';
import { Failure } from '../../errors/failure';
import { runInDriverThread } from './driver-thread';
import type { SqliteSettings } from './connection';

// Uses file descriptors instead of a FileHandle, because Yarn's Plug'n'Play does not implement `FileHandle.sync()`.
const [openDescriptor, syncDescriptor, closeDescriptor] = [
  promisify(fs.open),
  promisify(fs.fsync),
  promisify(fs.close),
];

/** Number of database pages that a backup copies between two reports of progress. */
const pagesAtOnce = 1000;

// Source text of the thread that copies the database. A read transaction keeps one snapshot for the whole copy: without
// the transaction, SQLite would begin again whenever another process writes. The copy gets no write-ahead log, so that
// it is a single file, and can be opened on read-only storage. The number of pages per step is the result of `progress`
// for better-sqlite3, and the option `rate` for node:sqlite.
const work = `
  const describe = (connection) => {
    const schema = connection.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid').raw().all();
    const hasHistory = schema.some(([, name]) => name === '_prisma_migrations');
    const history = 'SELECT migration_name, checksum, finished_at, rolled_back_at FROM _prisma_migrations ORDER BY rowid';
    return JSON.stringify([schema, hasHistory ? connection.prepare(history).raw().all() : []]);
  };
  const source = new Driver(data.path, { readonly: true, fileMustExist: true, timeout: data.timeout });
  let expected;
  try {
    source.exec('BEGIN');
    expected = describe(source);
    const pageSize = source.pragma('page_size', { simple: true });
    let reported = -1;
    // The drivers report the beginning and the end of a copy differently.
    const report = (copiedPages, totalPages) => {
      if (copiedPages <= reported) return;
      reported = copiedPages;
      tell({ copiedBytes: copiedPages * pageSize, totalBytes: totalPages * pageSize });
    };
    report(0, source.pragma('page_count', { simple: true }));
    const { totalPages } = await source.backup(data.target, {
      rate: data.pagesAtOnce,
      progress: ({ totalPages, remainingPages }) => {
        report(totalPages - remainingPages, totalPages);
        return data.pagesAtOnce;
      },
    });
    report(totalPages, totalPages);
  } finally {
    source.close();
  }
  const copy = new Driver(data.target, { fileMustExist: true });
  try {
    copy.pragma('journal_mode = DELETE');
    const [damage] = copy.prepare('PRAGMA integrity_check(1)').pluck().all();
    const orphan = copy.prepare('SELECT 1 FROM pragma_foreign_key_check LIMIT 1').get();
    return damage === 'ok' && orphan === undefined && describe(copy) === expected;
  } finally {
    copy.close();
  }
`;

const besides = ['', '-wal', '-shm', '-journal'];

/**
 * Copies the present state of a database into a new file, while other calls and processes write. The copy has a
 * temporary name in the same directory until it is complete, checked and synced to the disk. After any failure, the
 * copy is removed.
 *
 * @param assertInPlace - throws when the path of the database no longer leads to the files that this process has open.
 */
export async function backUpSqlite(
  settings: SqliteSettings,
  { path, onProgress }: BackupRequest,
  assertInPlace: () => void,
): Promise<void> {
  try {
    assertInPlace();
    await refuseExisting(path);
    const draft = join(dirname(path), `.ans-database-${randomUUID()}.partial`);
    try {
      await createDraft(draft, settings.path);
      // The cast is safe: the thread of a backup sends only progress.
      const tell = (news: unknown): void => reportProgress(onProgress, news as BackupProgress);
      const data = { path: settings.path, timeout: settings.busyTimeoutMs, target: draft, pagesAtOnce };
      if (!(await runInDriverThread<boolean>(settings.driver, work, data, tell))) {
        throw new Failure('CORRUPT', 'the database is damaged, and so is its copy: run check() for the details');
      }
      await flush(draft);
      // Checks the path again, because the thread opens the database by its path: it may have copied another file.
      assertInPlace();
      await place(draft, path);
    } finally {
      for (const suffix of besides) await rm(draft + suffix, { force: true });
    }
  } catch (error) {
    throw toBackupFailure(error);
  }
}

// Reports progress to the application. Converts an error of the callback, which could otherwise look like an error of
// the file system.
function reportProgress(onProgress: BackupRequest['onProgress'], progress: BackupProgress): void {
  try {
    onProgress(progress);
  } catch (cause) {
    throw new Failure('INVALID_INPUT', 'options.onProgress must not throw', { field: 'options.onProgress', cause });
  }
}

// Refuses a backup to a path where a file exists. Also refuses a file `-wal` or `-journal`, because SQLite would apply
// this log to the new file.
async function refuseExisting(path: string): Promise<void> {
  for (const suffix of besides) {
    const found = await lstat(path + suffix).catch(ignoreMissing);
    if (found !== undefined) throw alreadyThere();
  }
}

/** Creates the empty file of the copy with the access rights of the database file. */
async function createDraft(draft: string, databasePath: string): Promise<void> {
  const { mode } = await stat(databasePath);
  await (await open(draft, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, mode & 0o777)).close();
}

/** Gives the copy its final name. Fails if another file has the name. */
async function place(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (error) {
    if (!noLinks.has(codeOf(error))) throw error;
    // Replaces a hard link on file systems without them: creates an empty file with the final name, which the rename
    // then replaces.
    await (await open(path, 'wx')).close();
    await rename(draft, path);
  }
  try {
    await flush(dirname(path));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

async function flush(path: string): Promise<void> {
  // Does nothing for a directory on Windows, which cannot sync directories.
  if (process.platform === 'win32' && (await stat(path)).isDirectory()) return;
  const descriptor = await openDescriptor(path, 'r');
  try {
    await syncDescriptor(descriptor);
  } finally {
    await closeDescriptor(descriptor);
  }
}

const noLinks: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
const missing: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR']);
const full: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL']);
const forbidden: ReadonlySet<unknown> = new Set(['EROFS', 'EACCES', 'EPERM']);

function ignoreMissing(error: unknown): undefined {
  // Ignores a missing directory, because creating the file reports it later.
  if (!missing.has(codeOf(error))) throw error;
}

/** Returns the failure for a file system error of the backup. Returns any other error unchanged. */
function toBackupFailure(error: unknown): unknown {
  const code = codeOf(error);
  const field = 'path';
  if (code === 'EEXIST') return alreadyThere();
  if (missing.has(code)) {
    return new Failure('UNAVAILABLE', 'the directory of the backup does not exist', { field, cause: error });
  }
  if (full.has(code)) return new Failure('STORAGE_FULL', 'the storage of the backup is full', { field, cause: error });
  if (forbidden.has(code)) {
    return new Failure('READ_ONLY', 'the directory of the backup is not writable', { field, cause: error });
  }
  if (code === 'ENAMETOOLONG') return new Failure('INVALID_INPUT', 'path is too long', { field, cause: error });
  if (typeof code !== 'string' || code.startsWith('SQLITE_') || !isOfSystem(error)) return error;
  return new Failure('UNAVAILABLE', 'the storage of the backup reported an I/O error', { field, cause: error });
}

function alreadyThere(): Failure {
  return new Failure('ALREADY_EXISTS', 'path already exists, or a write-ahead log of another database is beside it', {
    field: 'path',
  });
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

function isOfSystem(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'syscall' in error;
}
