import { format, inspect } from 'node:util';
import { deserialize, serialize } from 'node:v8';

/** Functions that return the text that applications, loggers and test runners print for an error. */
export const printers: Readonly<Record<string, (error: Error) => string>> = {
  String: (error) => String(error),
  stack: (error) => error.stack ?? '',
  'util.inspect': (error) => inspect(error),
  'util.inspect with everything': (error) =>
    inspect(error, { depth: Infinity, showHidden: true, getters: true, showProxy: true, maxStringLength: Infinity }),
  'util.inspect without custom printing': (error) => inspect(error, { customInspect: false, depth: 20 }),
  'util.format': (error) => format('%s %o %O %j', error, error, error, error),
  'JSON.stringify': (error) => JSON.stringify({ error, cause: error.cause }),
  structuredClone: (error) => inspect(structuredClone(error), { depth: Infinity, showHidden: true }),
  'v8.serialize': (error) => inspect(deserialize(serialize(error)), { depth: Infinity, showHidden: true }),
  pino: (error) => JSON.stringify(serializeLikePino(error)),
  'every property that can be reached': (error) => [...reachableTexts(error)].join('\n'),
};

/**
 * Returns the output of pino's standard error serializer (pino-std-serializers 7, lib/err.js and lib/err-helpers.js):
 * the type, messages and stacks of the error and all of its causes, the errors of an AggregateError, and every
 * enumerable property.
 */
function serializeLikePino(error: Error): Record<string, unknown> {
  const chain = causesOf(error);
  const aggregated: unknown = Reflect.get(error, 'errors');
  const written: Record<string, unknown> = {
    type: error.constructor.name,
    message: chain.map(({ message }) => message).join(': '),
    stack: chain.map(({ stack }) => stack).join('\ncaused by: '),
    ...(Array.isArray(aggregated) ? { aggregateErrors: aggregated.map(serializeLikePino) } : undefined),
  };
  for (const key in error) {
    const value: unknown = Reflect.get(error, key);
    if (!(key in written)) written[key] = value instanceof Error ? serializeLikePino(value) : value;
  }
  return written;
}

function causesOf(error: Error): Error[] {
  return error.cause instanceof Error ? [error, ...causesOf(error.cause)] : [error];
}

/**
 * Returns every text that the properties of a value lead to, including hidden properties and properties with a symbol
 * as key.
 */
function reachableTexts(value: unknown, seen = new Set<unknown>()): Set<string> {
  const texts = new Set<string>();
  const visit = (current: unknown): void => {
    if (typeof current === 'string') texts.add(current);
    const isContainer = (typeof current === 'object' && current !== null) || typeof current === 'function';
    if (!isContainer || seen.has(current)) return;
    seen.add(current);
    for (const key of Reflect.ownKeys(current)) {
      texts.add(String(key));
      visit(read(current, key));
    }
    visit(Object.getPrototypeOf(current));
  };
  visit(value);
  return texts;
}

function read(owner: object, key: PropertyKey): unknown {
  try {
    return Reflect.get(owner, key);
  } catch {
    // Some accessors of built-in prototypes refuse to be read from them.
    return undefined;
  }
}
