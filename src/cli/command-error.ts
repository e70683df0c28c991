/** Codes of errors that are not errors of the database, in the output of `--json`. */
export type CommandErrorCode = 'INVALID_ARGUMENT' | 'NOT_FOUND' | 'ALREADY_EXISTS' | 'NOT_INSTALLED';

/** Error in the arguments or the surroundings of a command. The message is shown without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: CommandErrorCode;

  constructor(message: string, code: CommandErrorCode = 'INVALID_ARGUMENT') {
    super(message);
    this.code = code;
  }
}
