import { inspect } from 'node:util';

const widestLine = 78;

/** A query as the TypeScript that makes it, one field a line where it is long. */
export function toSource(query: object): string {
  const fields = Object.entries(query).map(([key, value]: [string, unknown]) => `${key}: ${valueSource(value)}`);
  const line = `{ ${fields.join(', ')} }`;
  return line.length <= widestLine ? line : `{\n  ${fields.join(',\n  ')},\n}`;
}

function valueSource(value: unknown): string {
  if (value instanceof Date) return `new Date('${value.toISOString()}')`;
  if (Array.isArray(value)) return `[${value.map(valueSource).join(', ')}]`;
  return inspect(value, { depth: null, breakLength: Infinity });
}
