import { constraintMessage, requiredColumnMessage, triggerMessage } from '../../../errors/application-constraint';
import { isOwnRequiredColumn } from '../../../errors/own-constraints';
import { isOwnSqliteCheck, isOwnSqliteKey, isOwnTable } from './own-constraints';

/**
 * Matches the name of a CHECK constraint. SQLite reports the SQL of a constraint without a name, which must not be part
 * of a message.
 */
const name = /^[\p{L}_][\p{L}\p{N}_$-]*$/u;

/**
 * Returns the message for a change that a constraint or a trigger of the application has rejected. Returns undefined
 * for any other error, including a violated constraint of this package.
 *
 * @param code - SQLite's name of the extended result code.
 */
export function describeSqliteViolation(code: string, message: string): string | undefined {
  // Examples: "CHECK constraint failed: name", "UNIQUE constraint failed: table.column, table.column".
  const [, subject = ''] = message.split(/ constraint failed: (.*)/s);
  switch (code) {
    case 'SQLITE_CONSTRAINT_CHECK':
      return isOwnSqliteCheck(subject) ? undefined : constraintMessage(name.test(subject) ? subject : undefined);
    case 'SQLITE_CONSTRAINT_NOTNULL': {
      const [table = '', column = ''] = subject.split('.');
      return isOwnRequiredColumn(table, column) ? undefined : requiredColumnMessage(subject);
    }
    case 'SQLITE_CONSTRAINT_PRIMARYKEY':
    case 'SQLITE_CONSTRAINT_ROWID':
    case 'SQLITE_CONSTRAINT_UNIQUE':
      // SQLite reports "index 'name'" instead of columns for a unique index over expressions.
      return isOwnSqliteKey(subject) ? undefined : constraintMessage(/^index '(.*)'$/s.exec(subject)?.[1] ?? subject);
    case 'SQLITE_CONSTRAINT_DATATYPE':
      return constraintMessage(undefined);
    case 'SQLITE_CONSTRAINT_TRIGGER':
      // Does not pass on the message, because the text of RAISE may contain values. SQLite does not report the name of
      // the trigger.
      return message === 'FOREIGN KEY constraint failed' ? undefined : triggerMessage(undefined);
    case 'SQLITE_ERROR':
      return lacksTableOfTrigger(message) ? triggerMessage(undefined) : undefined;
    default:
      return undefined;
  }
}

// Reports whether a trigger refers to a missing table. Such an error cannot come from a statement of this package,
// because these refer only to the package's own tables.
function lacksTableOfTrigger(message: string): boolean {
  const table = /^no such table: (?:(?:main|temp)\.)?(.*)$/s.exec(message)?.[1];
  return table !== undefined && !isOwnTable(table);
}
