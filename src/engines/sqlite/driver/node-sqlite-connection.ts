import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ConnectionOptions, DriverConnection, DriverStatement } from './driver';
import { toDriverError, withDriverErrors } from './node-sqlite-errors';
import type { NodeBackupProgress, NodeDatabase, NodeSqliteModule } from './node-sqlite-module';
import { NodeSqliteStatement } from './node-sqlite-statement';

/** Connection of `node:sqlite` with the methods, results and errors of better-sqlite3. */
export class NodeSqliteConnection implements DriverConnection {
  readonly #sqlite: NodeSqliteModule;
  readonly #database: NodeDatabase;

  constructor(sqlite: NodeSqliteModule, path: string, options: ConnectionOptions = {}) {
    this.#sqlite = sqlite;
    this.#database = openDatabase(sqlite, path, options);
  }

  get open(): boolean {
    return this.#database.isOpen;
  }

  get inTransaction(): boolean {
    return this.#database.isOpen && this.#database.isTransaction;
  }

  prepare<Row>(sql: string): DriverStatement<Row> {
    return new NodeSqliteStatement<Row>(this.#database, sql);
  }

  exec(sql: string): void {
    withDriverErrors(() => this.#database.exec(sql));
  }

  pragma(source: string, options: { readonly simple?: boolean } = {}): unknown {
    const statement = new NodeSqliteStatement(this.#database, `PRAGMA ${source}`);
    return options.simple === true ? statement.pluck().get() : statement.all();
  }

  /**
   * Copies the database into another file. `rate` is the option of Node.js for the number of pages between two calls of
   * `progress`.
   */
  async backup(
    path: string,
    { rate, progress }: { readonly rate: number; readonly progress: (progress: NodeBackupProgress) => unknown },
  ): Promise<NodeBackupProgress> {
    try {
      const totalPages = (await this.#sqlite.backup?.(this.#database, path, { rate, progress })) ?? 0;
      return { totalPages, remainingPages: 0 };
    } catch (error) {
      throw toDriverError(error);
    }
  }

  close(): void {
    if (this.#database.isOpen) withDriverErrors(() => this.#database.close());
  }
}

function openDatabase(sqlite: NodeSqliteModule, path: string, options: ConnectionOptions): NodeDatabase {
  const { readonly = false, fileMustExist = false, timeout = 5000 } = options;
  try {
    return new sqlite.DatabaseSync(fileMustExist && !readonly ? existingFile(path) : plainPath(path), {
      readOnly: readonly,
      timeout,
      enableForeignKeyConstraints: true,
      enableDoubleQuotedStringLiterals: false,
      allowExtension: false,
      defensive: true,
    });
  } catch (error) {
    if (!existsSync(dirname(path))) {
      throw new TypeError('Cannot open database because the directory does not exist', { cause: error });
    }
    throw toDriverError(error);
  }
}

// Makes a relative path of a path that begins with "file:", because SQLite would read such a path as a URI.
function plainPath(path: string): string {
  return path.startsWith('file:') ? `./${path}` : path;
}

/** Returns the URI with which SQLite opens a file only if it exists. */
function existingFile(path: string): string {
  const slashes = process.platform === 'win32' ? path.replaceAll('\\', '/') : path;
  const escaped = slashes.replace(/[%?#]/g, (character) => encodeURIComponent(character));
  if (escaped.startsWith('/')) return `file://${escaped}?mode=rw`;
  return /^[A-Za-z]:\//.test(escaped) ? `file:///${escaped}?mode=rw` : `file:${escaped}?mode=rw`;
}
