import { isDatabaseError } from '../../src';

/** Error in the arguments or the input of a script, which is reported in one line without a stack. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}

/** Runs a script. Reports a user error in one line, and a bug of the script with its stack. */
export async function runScript(name: string, main: () => Promise<void>): Promise<void> {
  process.stdout.on('error', endQuietly);
  try {
    await main();
  } catch (error) {
    process.exitCode = 1;
    console.error(`${name}: ${describe(error)}`);
  }
}

/** Ends the process when the reader closes the pipe, as in "npm start | head". */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}

function describe(error: unknown): string {
  if (isDatabaseError(error)) return `${error.message} (${error.code})`;
  if (error instanceof ScriptError || isArgumentError(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Reports whether the error comes from `parseArgs` of node:util, whose messages are clear. */
function isArgumentError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
