/**
 * Matches a token: a comment, a string or a quoted name, which may contain semicolons; a word; or any other character.
 * A comment or string without an end extends to the end of the script, as in SQLite.
 */
const tokenPattern =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|[\p{L}_][\p{L}\p{N}_$]*|\S/gu;

const commentPattern = /^(?:--|\/\*)/;
const triggerPattern = /^CREATE (?:TEMP |TEMPORARY )?TRIGGER$/;

/**
 * Returns the statements of an SQL script, each as its tokens in upper case, without comments. This is sufficient to
 * recognize the kinds of statements; SQLite parses the script itself.
 */
export function readStatements(script: string): string[][] {
  const statements: string[][] = [];
  let statement: string[] = [];
  for (const [token] of script.matchAll(tokenPattern)) {
    if (commentPattern.test(token)) continue;
    if (token === ';' && !isInsideTrigger(statement)) {
      if (statement.length > 0) statements.push(statement);
      statement = [];
    } else {
      statement.push(token.toUpperCase());
    }
  }
  if (statement.length > 0) statements.push(statement);
  return statements;
}

/** Reports whether a statement is inside the body of a trigger, which only the semicolon after END ends. */
function isInsideTrigger(statement: readonly string[]): boolean {
  const isTrigger =
    triggerPattern.test(statement.slice(0, 2).join(' ')) || triggerPattern.test(statement.slice(0, 3).join(' '));
  return isTrigger && !(statement.at(-1) === 'END' && statement.at(-2) === ';');
}
