import type { Database } from 'better-sqlite3';
import { readStatements } from './sql-statements';

/** First words of transaction statements, and of statements that SQLite rejects inside a transaction. */
const transactionWords = new Set(['BEGIN', 'COMMIT', 'END', 'ROLLBACK', 'SAVEPOINT', 'RELEASE', 'VACUUM']);

const foreignKeysOff = /^PRAGMA (?:\S+ \. )?"?FOREIGN_KEYS"? [=(] (?:OFF|0|NO|FALSE|'OFF'|"OFF")/;
const journalModeChange = /^PRAGMA (?:\S+ \. )?JOURNAL_MODE [=(]/;

/**
 * Runs an SQL script in one transaction, unless it contains transaction statements, or statements that SQLite rejects
 * inside a transaction.
 *
 * `PRAGMA foreign_keys` has no effect inside a transaction. If a script disables foreign keys, this function disables
 * them before the transaction and restores the setting afterwards.
 */
export function runScript(connection: Database, script: string): void {
  const statements = readStatements(script).map((tokens) => tokens.slice(0, 8).join(' '));
  if (statements.length < 2 || statements.some(needsOwnTransaction)) {
    connection.exec(script);
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
  connection.exec('BEGIN IMMEDIATE');
  try {
    connection.exec(script);
    connection.exec('COMMIT');
  } catch (error) {
    // Tests for an open transaction: after some errors, such as a full disk, SQLite has already rolled back.
    if (connection.inTransaction) connection.exec('ROLLBACK');
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
