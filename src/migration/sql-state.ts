export const insufficientPrivilege = '42501';

/**
 * The SQLSTATE of an error that a PostgreSQL server reported, also where another error has it as its cause; undefined
 * for any other error. (postgresql.org/docs/current/errcodes-appendix.html)
 */
export function sqlStateOf(error: unknown): string | undefined {
  for (let current = error; current instanceof Object; current = 'cause' in current ? current.cause : undefined) {
    // The names of system errors can have five letters, too, but no severity.
    if ('code' in current && 'severity' in current && typeof current.code === 'string') return current.code;
  }
  return undefined;
}
