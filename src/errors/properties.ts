/** Returns the properties of an error of any class. A property that the error does not have is undefined. */
export function propertiesOf(error: object): Readonly<Record<string, unknown>> {
  // The cast is safe for every object, because the properties have the type unknown.
  return error as Readonly<Record<string, unknown>>;
}
