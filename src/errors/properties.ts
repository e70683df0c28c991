/** Returns the properties of an error whose class is unknown. A property that is absent is undefined. */
export function propertiesOf(error: object): Readonly<Record<string, unknown>> {
  // The cast is safe for every object, because the properties are read as unknown values.
  return error as Readonly<Record<string, unknown>>;
}
