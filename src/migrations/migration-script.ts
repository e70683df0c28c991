import type { Database } from 'better-sqlite3';
import { readStatements } from './sql-statements';

/** First words of statements that manage transactions, or that SQLite refuses inside a transaction. */
const transactionWords = new Set(['BEGIN', 'COMMIT', 'END', 'ROLLBACK', 'SAVEPOINT', 'RELEASE', 'VACUUM']);

const foreignKeysOff = /^PRAGMA (?:\S+ \. )?"?FOREIGN_KEYS"? [=(] (?:OFF|0|NO|FALSE|'OFF'|"OFF")/;
const journalModeChange = /^PRAGMA (?:\S+ \. )?JOURNAL_MODE [=(]/;

/**
 * Runs an SQL script, all of it or nothing. It is one transaction, or a savepoint where the connection is inside a
 * transaction already; a script that manages transactions itself runs as it is.
 *
 * `PRAGMA foreign_keys` has no effect inside a transaction. A script that switches foreign keys off therefore has them
 * off around its transaction, and has them back afterwards as they were before.
 */
export function runScript(connection: Database, script: string): void {
  const statements = readStatements(script).map((tokens) => tokens.slice(0, 8).join(' '));
  if (statements.length < 2 || statements.some(needsOwnTransaction)) {
    connection.exec(script);
  } else if (connection.inTransaction) {
    runBetween(connection, script, 'SAVEPOINT migration_script', 'RELEASE migration_script', [
      'ROLLBACK TO migration_script',
      'RELEASE migration_script',
    ]);
  } else if (statements.some((statement) => foreignKeysOff.test(statement))) {
    withoutForeignKeys(connection, () => runInTransaction(connection, script));
  } else {
    runInTransaction(connection, script);
  }
}

function needsOwnTransaction(statement: string): boolean {
  return transactionWords.has(statement.split(' ', 1)[0] ?? '') || journalModeChange.test(statement);
}

function runInTransaction(connection: Database, script: string): void {
  runBetween(connection, script, 'BEGIN IMMEDIATE', 'COMMIT', ['ROLLBACK']);
}

function runBetween(connection: Database, script: string, begin: string, end: string, undo: readonly string[]): void {
  connection.exec(begin);
  try {
    connection.exec(script);
    connection.exec(end);
  } catch (error) {
    // Some failures (a full disk, for one) make SQLite roll back by itself; there is nothing to undo then.
    if (connection.inTransaction) undo.forEach((statement) => connection.exec(statement));
    throw error;
  }
}

function withoutForeignKeys(connection: Database, run: () => void): void {
  const before = connection.pragma('foreign_keys', { simple: true });
  connection.pragma('foreign_keys = OFF');
  try {
    run();
  } finally {
    connection.pragma(`foreign_keys = ${before === 1 || before === 1n ? 'ON' : 'OFF'}`);
  }
}
