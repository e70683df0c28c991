/*
 * Messages for constraints and triggers that the application has added to the tables of this package. A message
 * contains only the name of the constraint, because the rest of the engine's error message may contain values.
 */

/** Returns the message for a rejection by a constraint of the application. */
export function constraintMessage(name: string | undefined): string {
  if (name === undefined) return 'a constraint that the application added rejected the change';
  return `the constraint ${name} that the application added rejected the change`;
}

/** Returns the message for a rejection by a NOT NULL constraint of the application. */
export function requiredColumnMessage(column: string): string {
  return `the NOT NULL constraint of ${column} that the application added rejected the change`;
}

/**
 * Returns the message for a rejection by a trigger of the application.
 *
 * @param name - name of the trigger's function, or of the constraint that the trigger enforces; undefined when the
 * engine reports none.
 */
export function triggerMessage(name: string | undefined): string {
  if (name === undefined) return 'a trigger that the application added rejected the change';
  return `the trigger of ${name} that the application added rejected the change`;
}
