import { classifyPostgresqlError } from './engines/postgresql/errors/classify';
import { classifySqliteError } from './engines/sqlite/errors/classify';
import type { DatabaseLocation } from './options/database-url';
import type { ErrorClassifier } from './runtime/convert-errors';

/**
 * Returns the function that converts errors of an engine's driver into failures. Does not load the engine, because the
 * function must also convert an error of loading it.
 */
export function errorClassifierOf({ kind }: DatabaseLocation): ErrorClassifier {
  return kind === 'postgresql' ? classifyPostgresqlError : classifySqliteError;
}
