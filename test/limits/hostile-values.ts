import { inspect } from 'node:util';
import fc, { type Arbitrary } from 'fast-check';
import { codePoint } from '../support/code-point';

/** Secret that no message may contain; it is part of most of the texts below. */
export const marker = 's3cr3t-7f0e';

/** Texts with a meaning in SQL, LIKE patterns, full-text search, JSON, JavaScript, version ranges, URLs or Unicode. */
export const meaningfulTexts: readonly string[] = [
  `'; DROP TABLE agents; --`,
  `' OR '1'='1`,
  `") UNION SELECT * FROM agents --`,
  `\\'; DELETE FROM certificates; --`,
  `$1 $2 ?1 ? :id @id`,
  `$$; SELECT pg_sleep(10); $$`,
  `E'\\x00'`,
  `%`,
  `_%_`,
  `\\%\\_`,
  `[a-z]*?`,
  `(a+)+$`,
  `name : "x" OR *`,
  `NEAR("a" "b", 2) AND NOT c*`,
  `{"a":[1,{"__proto__":null}]}`,
  `null`,
  `undefined`,
  `__proto__`,
  `constructor`,
  `toString`,
  `>=1 || >=1 || <2 - 3`,
  `^1.x.x-0 ~> *`,
  `999999999999999999999.0.0`,
  `1.2.3-${'0.'.repeat(50)}1+b`,
  `=v 1 . 2 . 3`,
  `\uFEFFbom`,
  `a\u0301\u0323 \u202Eevil\u202C \u200D\u2066x\u2069`,
  `👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿`,
  `İIıiſßẞΣςσǅǆ`,
  `\u0001\u001F\u007F\u0085\u2028\u2029`,
  `\r\n\t\v\f`,
  ` `,
  '😀'.repeat(50),
  `\u{10FFFF}\uFFFF\uFFFE`,
  `../../etc/passwd`,
  `file:///dev/null`,
  `<script>alert(1)</script>`,
  `%s %d %o \${x} {{x}}`,
];

/** Any text, also those that no database stores. */
const text: Arbitrary<string> = fc.oneof(
  fc.constantFrom(...meaningfulTexts).map((meaningful) => `${meaningful}${marker}`),
  fc.constantFrom(...meaningfulTexts),
  fc.string({ unit: codePoint, maxLength: 20 }).map((any) => `${any}${marker}`),
  fc.constantFrom('', `${marker}\0`, `\uD83D${marker}`, `${marker}\uDE00`, `\0`, 'x'.repeat(1000)),
);

/** Returns a function that throws a value. */
const throws = (make: () => unknown) => (): never => {
  throw make();
};

const refuse = throws(() => new Error(marker));

/** Returns a proxy that throws a value whatever is done to it. */
function untouchable(target: object, thrown: () => never = refuse): object {
  const traps = Object.getOwnPropertyNames(Reflect).map((trap) => [trap, thrown]);
  return new Proxy(target, Object.fromEntries(traps) as ProxyHandler<object>);
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function cyclic(): unknown {
  const array: unknown[] = [];
  array.push({ array });
  return array;
}

/** Returns an object with an enumerable getter for each key. */
function withGetters(get: () => unknown, ...keys: readonly string[]): object {
  const getters = keys.map((key) => [key, { get, enumerable: true }] as const);
  return Object.defineProperties({}, Object.fromEntries(getters));
}

/** Returns a function that creates a proxy of an array with this length. */
const arrayOfLength = (length: unknown) => () =>
  new Proxy([], { get: (_, key) => (key === 'length' ? length : marker) });

const driverError = () => Object.assign(new Error(`UNIQUE constraint failed: ${marker}`), { code: 'SQLITE_BUSY' });

/** Functions that create the hostile objects, by the description of the object. */
export const hostileObjects: Readonly<Record<string, () => unknown>> = {
  'a proxy that throws': () => untouchable({}),
  'a proxy of an array that throws': () => untouchable([]),
  'a proxy of a function that throws': () => untouchable(() => 1),
  'a proxy that throws a proxy that throws': () => untouchable({}, throws(() => untouchable({}))), // prettier-ignore
  'a proxy that throws undefined': () => untouchable({}, throws(() => undefined)), // prettier-ignore
  'a revoked proxy': () => revoked({}),
  'a revoked proxy of an array': () => revoked([]),
  'an array whose elements throw': () => Object.defineProperty([1], 0, { get: refuse, enumerable: true }),
  'an array of infinite length': arrayOfLength(Infinity),
  'an array whose length is an object': arrayOfLength({ valueOf: refuse }),
  'an array whose iterator throws': () => Object.assign(['a'], { [Symbol.iterator]: refuse }),
  'an array of holes': () => new Array<string>(2 ** 32 - 1),
  'a getter that throws an error of a driver': () => withGetters(throws(driverError), 'name'),
  'getters that throw': () => withGetters(refuse, 'id', 'name', 'consistency', 'limit', 'signal', 'by', 'status'),
  'a tag that throws': () => Object.defineProperty({}, Symbol.toStringTag, { get: refuse, enumerable: true }),
  'a conversion that throws': () => ({ [Symbol.toPrimitive]: refuse, toString: refuse, valueOf: refuse }),
  'a thenable that throws': () => ({ then: refuse }),
  'a thenable that never settles': () => ({ then: () => undefined }),
  'a getter of then that throws': () => withGetters(refuse, 'then'),
  'an object with toJSON': () => ({ toJSON: () => marker }),
  'an object that contains itself': cyclic,
  'an own __proto__': () => JSON.parse(`{"__proto__": {"polluted": "${marker}"}}`) as unknown,
  'an own constructor': () => JSON.parse(`{"constructor": {"prototype": {"polluted": "${marker}"}}}`) as unknown,
  'an object without a prototype': () => Object.assign(Object.create(null) as object, { [marker]: 1 }),
  'a prototype with fields': () => Object.create({ id: marker, limit: 1, consistency: marker }) as unknown,
  'a Date with other methods': () => Object.assign(new Date(0), { getTime: () => marker, valueOf: () => marker }),
  'a Date with a fraction of a millisecond': () => Object.assign(new Date(0), { getTime: () => 0.5 }),
  'an invalid Date': () => new Date(NaN),
  'the first Date': () => new Date(-8.64e15),
  'the last Date': () => new Date(8.64e15),
  'a proxy of a Date': () => new Proxy(new Date(0), {}),
  'a boxed text': () => Object(marker) as unknown,
  'a boxed number': () => Object(1) as unknown,
  'an array with toString': () => Object.assign([marker], { toString: () => marker }),
  'a Map': () => new Map([[marker, marker]]),
  'a Set': () => new Set([marker]),
  'a Buffer': () => Buffer.from(marker),
  'a shared buffer': () => new SharedArrayBuffer(8),
  'a typed array': () => new BigInt64Array(2),
  'a function': () => () => marker,
  'an async function': () => () => Promise.resolve(marker),
  'a class': () => class Thing { id = marker; }, // prettier-ignore
  'an instance': () => new (class Thing { id = marker })(), // prettier-ignore
  'a generator': () => (function* () { yield marker; })(), // prettier-ignore
  'a promise': () => Promise.resolve(marker),
  'an error': () => new Error(marker),
  'a pattern': () => /(a+)+$/,
  'a symbol': () => Symbol(marker),
  'a bigint': () => 10n ** 30n,
  'a frozen object': () => Object.freeze({ [marker]: Object.freeze([]) }),
  'the global object': () => globalThis,
};

const number: Arbitrary<number> = fc.constantFrom(
  ...[NaN, Infinity, -Infinity, -0, -1, 0, 0.5, 1, 1000, 1001, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e308, 5e-324],
);

/** A value and its description. The value is created when it is used, because fast-check reads generated values. */
export interface Hostile {
  readonly what: string;
  readonly make: () => unknown;
}

const constant: Arbitrary<unknown> = fc.constantFrom(null, undefined, true, false, [], {}, [[]], [null], [undefined]);

const generated: Arbitrary<unknown> = fc.anything({
  ...{ maxDepth: 3, key: text, withBigInt: true, withBoxedValues: true, withDate: true, withMap: true },
  ...{ withNullPrototype: true, withObjectString: true, withSet: true, withSparseArray: true, withTypedArray: true },
});

export const anyValue: Arbitrary<Hostile> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...Object.entries(hostileObjects)).map(([what, make]) => ({ what, make })) },
  ...(
    [
      [3, text],
      [1, number],
      [1, constant],
      [2, generated],
    ] as const
  ).map(([weight, values]) => ({
    // prettier-ignore
    weight,
    arbitrary: (values as Arbitrary<unknown>).map((value) => ({
      what: inspect(value, { depth: 4 }),
      make: () => value,
    })),
  })),
);

const standardKeys = new Set(Reflect.ownKeys(Object.prototype));

/** Expects that no call has added a property to `Object.prototype`. */
export function expectUnpolluted(): void {
  expect(Reflect.ownKeys(Object.prototype).filter((key) => !standardKeys.has(key))).toEqual([]);
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
}

export type Path = readonly (string | number)[];

/** Returns the path of `value` itself and the paths of all values inside it. */
export function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof AbortSignal)
    return [path];
  const keys = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return [path, ...keys.flatMap((key) => pathsOf(Reflect.get(value, key), [...path, key]))];
}

/** Returns a copy of `value` with another property at `path`. */
export function replaced(value: unknown, [key, ...rest]: Path, property: PropertyDescriptor): unknown {
  if (key === undefined) return property.value;
  const copy: object = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  const inner = rest.length === 0 ? property : { value: replaced(Reflect.get(copy, key), rest, property) };
  Object.defineProperty(copy, key, { enumerable: true, configurable: true, ...inner });
  return copy;
}
