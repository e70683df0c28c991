import type { SqliteSettings } from '../connection';
import { runInDriverThread, toError } from '../driver-thread';

/** Maximum number of problems that SQLite's own check of a file reports. */
const maxProblems = 1000;

// Source text of the thread that runs SQLite's own check of a file. After a failure, the thread also returns the
// problems that it found before. It omits CHECK constraints, because the check of the records finds their violations
// and names the record.
const work = `
  const damages = [];
  try {
    const connection = new Driver(data.path, { readonly: true, fileMustExist: true, timeout: data.timeout });
    try {
      connection.pragma('ignore_check_constraints = ON');
      const check = connection.prepare('PRAGMA integrity_check(' + data.most + ')').pluck();
      for (const damage of check.iterate()) damages.push(damage);
    } finally {
      connection.close();
    }
  } catch ({ code, message }) {
    return { damages, failure: { code, message } };
  }
  return { damages };
`;

/** Result of SQLite's own check of a file. */
export interface FileReport {
  /** Descriptions of the problems by SQLite, which name pages, tables and indexes. */
  readonly damages: readonly string[];
  /** Error of the driver that ended the check early. Undefined when the check was complete. */
  readonly failure: Error | undefined;
}

interface Answer {
  readonly damages: readonly string[];
  readonly failure?: { readonly code: unknown; readonly message: string };
}

/**
 * Runs SQLite's own check of a whole file: pages, rows, indexes, NOT NULL and UNIQUE constraints, and the structure of
 * the search index. Uses a thread, because the check is one long statement.
 */
export async function checkFile({ path, busyTimeoutMs, driver }: SqliteSettings): Promise<FileReport> {
  const data = { path, timeout: busyTimeoutMs, most: maxProblems };
  const { damages, failure } = await runInDriverThread<Answer>(driver, work, data);
  return {
    damages: damages.flatMap((damage) => damage.split('\n')).filter((damage) => !/^(?:ok|\*\*\* .*)$/.test(damage)),
    failure: failure === undefined ? undefined : toError(failure),
  };
}
