/*
 * Error messages for constraints and triggers that the application has added to the tables of this package. A message
 * contains only the name of the constraint, because the database's own message may contain values.
 */

/** Returns the error message for a row that a constraint of the application rejects. */
export function constraintMessage(name: string | undefined): string {
  if (name === undefined) return 'a constraint that the application added rejected the change';
  return `the constraint ${name} that the application added rejected the change`;
}

/** Returns the error message for a row that a NOT NULL constraint of the application rejects. */
export function requiredColumnMessage(column: string): string {
  return `the NOT NULL constraint of ${column} that the application added rejected the change`;
}

/**
 * Returns the error message for a row that a trigger of the application rejects.
 *
 * @param name - name of the trigger's function, or of the constraint that the trigger enforces; undefined when the
 * database reports no name.
 */
export function triggerMessage(name: string | undefined): string {
  if (name === undefined) return 'a trigger that the application added rejected the change';
  return `the trigger of ${name} that the application added rejected the change`;
}
