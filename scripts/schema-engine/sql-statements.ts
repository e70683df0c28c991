/**
 * Everything in a script that can hold a semicolon which ends no statement (comments, texts, quoted names), words, and
 * single characters of anything else. A comment or text that is never closed runs to the end, as it does in SQLite.
 */
const tokenPattern =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|[\p{L}_][\p{L}\p{N}_$]*|\S/gu;

const commentPattern = /^(?:--|\/\*)/;
const triggerPattern = /^CREATE (?:TEMP |TEMPORARY )?TRIGGER$/;

/**
 * The statements of an SQL script, each as its tokens in upper case, without comments. Good enough to tell what kind of
 * statements a script holds; the script itself is left to SQLite.
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

/** A trigger's body has semicolons of its own: only an END that follows one of them ends the statement. */
function isInsideTrigger(statement: readonly string[]): boolean {
  const isTrigger =
    triggerPattern.test(statement.slice(0, 2).join(' ')) || triggerPattern.test(statement.slice(0, 3).join(' '));
  return isTrigger && !(statement.at(-1) === 'END' && statement.at(-2) === ';');
}
