// SQLSTATE values that this code handles (PostgreSQL's documentation, appendix A).
export const insufficientPrivilege = '42501';
export const undefinedTable = '42P01';
export const lockNotAvailable = '55P03';
export const deadlockDetected = '40P01';

/** Returns the SQLSTATE of an error of the server, or of its causes; undefined for any other error. */
export function sqlStateOf(error: unknown): string | undefined {
  for (let current = error; current instanceof Object; current = 'cause' in current ? current.cause : undefined) {
    // Codes of system errors can have five letters, too, but such errors have no severity.
    if ('code' in current && 'severity' in current && typeof current.code === 'string') return current.code;
  }
  return undefined;
}
