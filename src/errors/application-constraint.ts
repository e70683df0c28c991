/*
 * Messages for constraints and triggers that the application has added to the tables of this package. A message
 * contains only the name that the engine reports: the rest of the report may contain values.
 */

/** Returns the message for a constraint of the application. */
export function constraintRefuses(name: string | undefined): string {
  if (name === undefined) return 'a constraint that the application added rejected the change';
  return `the constraint ${name} that the application added rejected the change`;
}

/** Returns the message for a column that the application requires. */
export function requiredColumnRefuses(column: string): string {
  return `the NOT NULL constraint of ${column} that the application added rejected the change`;
}

/**
 * Returns the message for a trigger of the application.
 *
 * @param name - name of its function or of the constraint that it enforces, if the engine reports one.
 */
export function triggerRefuses(name: string | undefined): string {
  if (name === undefined) return 'a trigger that the application added rejected the change';
  return `the trigger of ${name} that the application added rejected the change`;
}
