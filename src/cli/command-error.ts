/** Codes of errors that the command line itself detects, in the output of `--json`. */
export type CommandErrorCode = 'INVALID_ARGUMENT' | 'NOT_FOUND' | 'ALREADY_EXISTS' | 'NOT_INSTALLED';

/**
 * Error in the arguments of a command, or in the files that they name. The command line prints the message without a
 * stack.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: CommandErrorCode;

  constructor(message: string, code: CommandErrorCode = 'INVALID_ARGUMENT') {
    super(message);
    this.code = code;
  }
}
