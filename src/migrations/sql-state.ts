// The SQLSTATEs that something is done about (PostgreSQL's documentation, appendix A).
export const insufficientPrivilege = '42501';
export const undefinedTable = '42P01';
export const lockNotAvailable = '55P03';
export const deadlockDetected = '40P01';

/** The SQLSTATE of an error that a server reported, also where another error has it as its cause; undefined for others. */
export function sqlStateOf(error: unknown): string | undefined {
  for (let current = error; current instanceof Object; current = 'cause' in current ? current.cause : undefined) {
    // The names of system errors can have five letters, too, but no severity.
    if ('code' in current && 'severity' in current && typeof current.code === 'string') return current.code;
  }
  return undefined;
}
