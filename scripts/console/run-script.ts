import { isDatabaseError } from '../../src';

/** Error in the call of a script, or in its input: reported in one line, without a stack. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}

/** Runs a script to its end. Reports an error in one line, unless it is a fault of the script. */
export async function runScript(name: string, main: () => Promise<void>): Promise<void> {
  process.stdout.on('error', endQuietly);
  try {
    await main();
  } catch (error) {
    process.exitCode = 1;
    console.error(`${name}: ${describe(error)}`);
  }
}

/** The reader has closed the pipe: "npm start | head". */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}

function describe(error: unknown): string {
  if (isDatabaseError(error)) return `${error.message} (${error.code})`;
  if (error instanceof ScriptError || isArgumentError(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Reports whether the error comes from `parseArgs` of node:util, whose message is clear enough to be shown. */
function isArgumentError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
