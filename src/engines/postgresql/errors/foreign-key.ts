import { constraintMessage } from '../../../errors/application-constraint';
import { ownRequiredColumns } from '../../../errors/own-constraints';
import { propertiesOf } from '../../../errors/properties';
import type { ErrorMapping } from './error-mapping';
import { ownForeignKeys } from './own-constraints';

const notFound: ErrorMapping = {
  code: 'REFERENCE_NOT_FOUND',
  message: 'the record refers to a record that does not exist',
};
export const stillReferenced: ErrorMapping = {
  code: 'STILL_REFERENCED',
  message: 'other records still refer to this record',
};

/**
 * Beginning of the server's English message when a foreign key prevents the change of a referenced row. `ofReferring`
 * is the beginning when it prevents the change of a referring row. A server with another `lc_messages` uses other
 * words.
 */
const ofReferenced = 'update or delete on table';
const ofReferring = 'insert or update on table';

/**
 * Returns the mapping of a foreign key violation. The result is REFERENCE_NOT_FOUND for a foreign key of this package.
 * Then `toDatabaseError` decides whether the call has set the reference. For any other foreign key, the message of the
 * server shows whether a row of the application still refers to the record.
 */
export function mapForeignKeyViolation(error: object): ErrorMapping {
  const { table } = propertiesOf(error);
  const text = textOf(error);
  const name = nameOf(error);
  if (name === undefined || ownForeignKeys.has(name)) return notFound;
  if (text.startsWith(ofReferenced)) return stillReferenced;
  const isOwnTable = typeof table === 'string' && table in ownRequiredColumns;
  if (!isOwnTable && !text.startsWith(ofReferring)) return stillReferenced;
  return { code: 'CONSTRAINT_VIOLATION', message: constraintMessage(name) };
}

/** Reports whether an error names a foreign key of this package. */
export function violatesOwnForeignKey(error: object): boolean {
  return ownForeignKeys.has(nameOf(error) ?? '');
}

function nameOf(error: object): string | undefined {
  const { constraint } = propertiesOf(error);
  // Reads the name from the server's message, because Prisma's adapter does not pass the name of the constraint.
  return typeof constraint === 'string' ? constraint : /foreign key constraint "([^"]+)"/.exec(textOf(error))?.[1];
}

function textOf(error: object): string {
  const { message, originalMessage } = propertiesOf(error);
  return String(originalMessage ?? message);
}
