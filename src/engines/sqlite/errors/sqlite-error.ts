/** Error of the SQLite driver. `code` is SQLite's name for an extended result code. */
export interface SqliteError {
  readonly code: string;
  readonly message: string;
}

/** Returns the code and the message of an error of the SQLite driver. Returns undefined for any other error. */
export function sqliteErrorOf(error: unknown): SqliteError | undefined {
  // Does not use `instanceof`, which fails if the driver's class belongs to another realm, as in Jest.
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error)) return undefined;
  const { code, message } = error;
  const isDriverCode = typeof code === 'string' && /^(?:UNKNOWN_)?SQLITE_/.test(code);
  return isDriverCode && typeof message === 'string' ? { code, message } : undefined;
}
