import { convertRejection } from '../../runtime/convert-errors';
import type { Snapshot } from '../../storage/snapshot';
import { whileBusy } from './busy';
import { SqliteConnection, type SqliteSettings } from './connection';
import { sqliteDialect } from './dialect';
import { classifySqliteError } from './errors/classify';

/** Snapshot of a SQLite database, on a separate connection. */
export interface SqliteSnapshot extends Snapshot {
  readonly connection: SqliteConnection;
}

/**
 * Runs `work` on a snapshot of the present state of a database. Other calls do not wait for `work`, which may take
 * long. Until it ends, changes of others stay in the write-ahead log.
 */
export async function withSnapshot<T>(
  settings: SqliteSettings,
  work: (snapshot: SqliteSnapshot) => Promise<T>,
): Promise<T> {
  const connection = SqliteConnection.openReader(settings);
  try {
    const { driver } = connection;
    // Allows writes to temporary tables, because the check of the search index creates one. The file stays unchanged,
    // because it is opened read-only.
    driver.pragma('query_only = OFF');
    await whileBusy(settings.busyTimeoutMs, () => {
      if (!driver.inTransaction) driver.exec('BEGIN');
      // Reads the schema, because SQLite takes the snapshot at the first statement that reads.
      driver.prepare('SELECT count(*) FROM sqlite_schema').get();
    });
    return await work({
      dialect: sqliteDialect,
      connection,
      query: (statement) =>
        convertRejection(classifySqliteError, () => Promise.resolve(connection.run(statement).rows)),
    });
  } finally {
    connection.close();
  }
}
