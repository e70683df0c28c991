/** JSON Schema of a text. */
export const text = { type: 'string' } as const;

/** JSON Schema of a list of texts. In a query string, a single text is a list of one. */
export const texts = { type: 'array', items: text } as const;

/** Returns the JSON Schema of an object. Fastify removes all other properties. */
export function object(properties: Readonly<Record<string, object>>, required: readonly string[] = []): object {
  return { type: 'object', properties, required, additionalProperties: false };
}
