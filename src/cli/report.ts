import { fitText } from '../console/text-width';
import { isDatabaseError } from '../errors/database-error';
import { MoveError } from '../move/move-error';
import { CommandError } from './command-error';

/** Result of a command of the command line. */
export interface Outcome {
  /** Result of the command as JSON, for the option `--json`. */
  readonly json: object;
  /** Result of the command as lines of text, for people. */
  readonly lines: readonly string[];
  /**
   * Exit code of the process. The code 2 means that the command has found something that needs attention, such as
   * damage.
   *
   * @defaultValue 0
   */
  readonly exitCode?: 0 | 1 | 2;
}

/** Prints the result of a command, and sets the exit code of the process. */
export function reportOutcome({ json, lines, exitCode = 0 }: Outcome, asJson: boolean): void {
  if (asJson) printJson(json);
  else for (const line of lines) console.log(line);
  process.exitCode = exitCode;
}

/** Prints an error without a stack and without secrets, and sets the exit code of the process. */
export function reportError(error: unknown, asJson: boolean): void {
  const { code, message } = describeError(error);
  // The message may contain names with control characters, which must not reach the terminal.
  const text = fitText(withoutUrls(message), Infinity);
  if (asJson) printJson({ error: { code, message: text } });
  console.error(`ans-database: ${text}${isDatabaseError(error) ? ` (${code})` : ''}`);
  process.exitCode = 1;
}

function describeError(error: unknown): { readonly code: string; readonly message: string } {
  if (isDatabaseError(error) || error instanceof CommandError) return error;
  if (error instanceof MoveError) return { code: 'NOT_MOVED', message: error.message };
  const description = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: 'INTERNAL', message: `unexpected error, please report it: ${description}` };
}

/** Removes everything after the scheme from each URL of a server, because it may contain a password. */
function withoutUrls(text: string): string {
  return text.replaceAll(/\b(?!file:)([a-z][a-z\d+.-]*):\/\/[^\s'"]+/gi, '$1://…');
}

function printJson(value: object): void {
  console.log(JSON.stringify(value, undefined, 2));
}
