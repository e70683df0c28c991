/*
 * The messages for constraints and triggers that the application has added to the tables of this package. They have the
 * name that the engine reports, and nothing else that it reports: the rest may hold values.
 */

/** Returns the message for a constraint of the application. */
export function constraintRefuses(name: string | undefined): string {
  if (name === undefined) return 'a constraint that the application added refuses the change';
  return `the constraint ${name} that the application added refuses the change`;
}

/** Returns the message for a column that the application requires. */
export function requiredColumnRefuses(column: string): string {
  return `the NOT NULL constraint of ${column} that the application added refuses the change`;
}

/**
 * Returns the message for a trigger of the application.
 *
 * @param name - that of its function or of the constraint that it enforces, where the engine reports it.
 */
export function triggerRefuses(name: string | undefined): string {
  if (name === undefined) return 'a trigger that the application added refuses the change';
  return `the trigger of ${name} that the application added refuses the change`;
}
