import { ownTableProtected, ownTables, transactionControlRefused } from '../../storage/own-tables';

/** Matches one token of SQL: a comment, text, quoted name, name, number, or any other single character. */
const tokens =
  /--[^\n]*|\/\*[\s\S]*?\*\/|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|[eE]?'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*|\$?\d+|\S/gu;

/** First words of statements that begin or end a transaction, or change settings of the transaction or the session. */
const controlWords = new Set([
  ...['abort', 'begin', 'commit', 'end', 'prepare', 'release', 'rollback', 'savepoint', 'start'],
  ...['set', 'reset', 'discard'],
]);

/** Words that come before the name of the table in a statement that writes. */
const targetWords = new Set(['into', 'update', 'from', 'truncate', 'copy', 'table']);

/**
 * Refuses application SQL whose text shows that it writes to this package's tables. A function or a trigger of the
 * application can still write to them: only the privileges of the role prevent that.
 *
 * @throws PERMISSION_DENIED for SQL that writes to a table of this package; INVALID_INPUT for SQL that begins or ends a
 * transaction, or changes a setting
 */
export function assertForeignTarget(sql: string): void {
  const words = [...sql.matchAll(tokens)].map(([token]) => token).filter((token) => !/^(--|\/\*)/.test(token));
  const first = words[0]?.toLowerCase();
  if (first !== undefined && controlWords.has(first)) throw transactionControlRefused();
  for (const [index, word] of words.entries()) {
    if (!targetWords.has(word.toLowerCase()) || !isWrite(words, index)) continue;
    const table = targetAfter(words, index + 1);
    if (table !== undefined && ownTables.has(table)) throw ownTableProtected(table);
  }
}

function isWrite(words: readonly string[], index: number): boolean {
  const [word, before] = [words[index], words[index - 1]].map((text) => text?.toLowerCase());
  switch (word) {
    case 'from':
      return before === 'delete';
    case 'into':
      return before === 'insert' || before === 'merge';
    case 'update':
      // No table follows the word UPDATE in FOR UPDATE, FOR NO KEY UPDATE, DO UPDATE and ON UPDATE.
      return before !== 'for' && before !== 'key' && before !== 'do' && before !== 'on';
    case 'table':
      return before === 'alter' || before === 'drop' || before === 'truncate';
    default:
      return true;
  }
}

/** Returns the name of the table that begins at `words[index]`, without its schema. */
function targetAfter(words: readonly string[], index: number): string | undefined {
  let place = index;
  while (['only', 'if', 'exists', 'table'].includes(words[place]?.toLowerCase() ?? '')) place += 1;
  while (words[place + 1] === '.') place += 2;
  const name = words[place];
  if (name === undefined) return undefined;
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}

/**
 * Returns SQL in which numbered parameters such as `$1` replace the question marks, so that the same text runs on both
 * engines. Returns SQL with numbered parameters unchanged, because its question marks are operators.
 */
export function withNumberedParameters(sql: string): string {
  const isNumbered = [...sql.matchAll(tokens)].some(([token]) => /^\$\d/.test(token));
  if (isNumbered) return sql;
  let count = 0;
  return sql.replace(tokens, (token) => (token === '?' ? `$${(count += 1)}` : token));
}
