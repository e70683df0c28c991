import { inspect } from 'node:util';
import fc, { type Arbitrary } from 'fast-check';

/** Secret that no message may contain; it is part of most of the texts below. */
export const marker = 's3cr3t-7f0e';

/** Texts that mean something to somebody on the way, and must not here. */
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

/** Texts that no database can keep among them. */
const text: Arbitrary<string> = fc.oneof(
  fc.constantFrom(...meaningfulTexts).map((meaningful) => `${meaningful}${marker}`),
  fc.constantFrom(...meaningfulTexts),
  fc.string({ unit: 'binary', maxLength: 20 }).map((any) => `${any}${marker}`),
  fc.constantFrom('', `${marker}\0`, `\uD83D${marker}`, `${marker}\uDE00`, `\0`, 'x'.repeat(1000)),
);

function refuse(): never {
  throw new Error(marker);
}

/** A proxy that throws whatever it is asked. */
function untouchable(target: object): object {
  return new Proxy(target, {
    get: refuse,
    set: refuse,
    has: refuse,
    ownKeys: refuse,
    getPrototypeOf: refuse,
    getOwnPropertyDescriptor: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
    isExtensible: refuse,
  });
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

/** Objects that are made anew for each use, by what they are. */
export const hostileObjects: Readonly<Record<string, () => unknown>> = {
  'a proxy that throws': () => untouchable({}),
  'a proxy of an array that throws': () => untouchable([]),
  'a proxy of a function that throws': () => untouchable(() => 1),
  'a proxy that was revoked': () => revoked({}),
  'a proxy of an array that was revoked': () => revoked([]),
  'an array whose elements throw': () => Object.defineProperty([1], 0, { get: refuse, enumerable: true }),
  'an array without an end': () => new Proxy([], { get: (_, key) => (key === 'length' ? Infinity : marker) }),
  'an array whose length is an object': () =>
    new Proxy([], { get: (_, key) => (key === 'length' ? { valueOf: refuse } : marker) }),
  'an array whose iterator throws': () => Object.assign(['a'], { [Symbol.iterator]: refuse }),
  'an array of holes': () => new Array<string>(2 ** 32 - 1),
  'a proxy that throws what throws': () => {
    const refuseOddly = (): never => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what a caller's code may throw
      throw untouchable({});
    };
    return new Proxy({}, { ownKeys: refuseOddly, get: refuseOddly });
  },
  'a proxy that throws nothing': () => {
    const refuseEmptily = (): never => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- as above
      throw undefined;
    };
    return new Proxy({}, { ownKeys: refuseEmptily });
  },
  'an error of a driver': () => ({
    get name(): string {
      throw Object.assign(new Error(`UNIQUE constraint failed: agents.id ${marker}`), { code: 'SQLITE_BUSY' });
    },
  }),
  'a getter of every field': () =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        ['id', 'name', 'consistency', 'limit', 'signal', 'by', 'status'].map((key) => [
          key,
          { get: refuse, enumerable: true },
        ]),
      ),
    ),
  'a tag that throws': () => ({ get [Symbol.toStringTag](): string { return refuse(); } }), // prettier-ignore
  'a conversion that throws': () => ({ [Symbol.toPrimitive]: refuse, toString: refuse, valueOf: refuse }),
  'a thenable that throws': () => ({ then: refuse }),
  'a thenable that never ends': () => ({ then: () => undefined }),
  'a getter of then that throws': () => Object.defineProperty({}, 'then', { get: refuse, enumerable: true }),
  'an object with toJSON': () => ({ toJSON: () => marker }),
  'an object that contains itself': cyclic,
  'an own __proto__': () => JSON.parse(`{"__proto__": {"polluted": "${marker}"}}`) as unknown,
  'an own constructor': () => JSON.parse(`{"constructor": {"prototype": {"polluted": "${marker}"}}}`) as unknown,
  'no prototype': () => Object.assign(Object.create(null) as object, { [marker]: 1 }),
  'a prototype with fields': () => Object.create({ id: marker, limit: 1, consistency: marker }) as unknown,
  'a Date that lies': () => Object.assign(new Date(0), { getTime: () => marker, valueOf: () => marker }),
  'a Date of parts of milliseconds': () => Object.assign(new Date(0), { getTime: () => 0.5 }),
  'an invalid Date': () => new Date(NaN),
  'the first Date': () => new Date(-8.64e15),
  'the last Date': () => new Date(8.64e15),
  'a proxy of a Date': () => new Proxy(new Date(0), {}),
  'a boxed text': () => Object(marker) as unknown,
  'a boxed number': () => Object(1) as unknown,
  'a text of another kind': () => Object.assign([marker], { toString: () => marker }),
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

/** A value that is made when it is used: no library looks at it before, and what it is can be printed. */
export interface Hostile {
  readonly what: string;
  readonly make: () => unknown;
}

function asItIs(value: unknown): Hostile {
  return { what: inspect(value, { depth: 4 }), make: () => value };
}

/** Any value that JavaScript has. */
export const anyValue: Arbitrary<Hostile> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...Object.entries(hostileObjects)).map(([what, make]) => ({ what, make })) },
  { weight: 3, arbitrary: text.map(asItIs) },
  { weight: 1, arbitrary: number.map(asItIs) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(null, undefined, true, false, [], {}, [[]], [null], [undefined]).map(asItIs),
  },
  {
    weight: 2,
    arbitrary: fc
      .anything({
        maxDepth: 3,
        key: text,
        withBigInt: true,
        withBoxedValues: true,
        withDate: true,
        withMap: true,
        withNullPrototype: true,
        withObjectString: true,
        withSet: true,
        withSparseArray: true,
        withTypedArray: true,
      })
      .map(asItIs),
  },
);

export type Path = readonly (string | number)[];

/** The paths of all values inside `value`, itself included. */
export function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof AbortSignal)
    return [path];
  const keys = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return [path, ...keys.flatMap((key) => pathsOf(Reflect.get(value, key), [...path, key]))];
}

/** A copy of `value` with another value at `path`. */
export function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  const copy: object = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  const element = replaced(Reflect.get(copy, key), rest, by);
  Object.defineProperty(copy, key, { value: element, enumerable: true, configurable: true, writable: true });
  return copy;
}
