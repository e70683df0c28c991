/** Failure with one of Prisma's codes. The CLI prints the code, and handles some codes itself. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Returns error P3018 in Prisma's own words, which only the native engine contains. */
export function migrationFailed(migrationName: string, databaseCode: string, databaseMessage: string): EngineError {
  return new EngineError(
    'P3018',
    [
      'A migration failed to apply. New migrations cannot be applied before the error is recovered from. Read more about ' +
        'how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve',
      `Migration name: ${migrationName}`,
      `Database error code: ${databaseCode}`,
      `Database error:\n${databaseMessage}\n`,
    ].join('\n\n'),
  );
}

/** Returns error P3014 in Prisma's own words. */
export function shadowDatabaseFailed(databaseCode: string | undefined, databaseMessage: string): EngineError {
  return new EngineError(
    'P3014',
    [
      'Prisma Migrate could not create the shadow database. Please make sure the database user has permission to create ' +
        'databases. Read more about the shadow database (and workarounds) at https://pris.ly/d/migrate-shadow',
      `Original error: ${databaseCode ?? 'unknown'}\n${databaseMessage}`,
    ].join('\n\n'),
  );
}
