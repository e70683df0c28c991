/** One value of each kind that JavaScript callers can pass, by the name of the kind. */
const values = {
  undefined: undefined,
  null: null,
  boolean: true,
  number: 5,
  bigint: 5n,
  symbol: Symbol('s'),
  text: 'text',
  function: () => 'text',
  array: ['text'],
  object: { toString: () => 'text' },
  'boxed text': Object('text') as unknown,
  Date: new Date(0),
} as const satisfies Readonly<Record<string, unknown>>;

export type ValueKind = keyof typeof values;

/** Returns one value of each kind except the allowed ones. */
export function valuesBut(...allowed: readonly ValueKind[]): (readonly [kind: string, value: unknown])[] {
  return Object.entries(values).filter(([kind]) => !allowed.some((name) => name === kind));
}

/** Texts that no database can store. */
export const unstorableTexts: readonly (readonly [string, string])[] = [
  ['NUL', 'a\0b'],
  ['a lone high surrogate', 'a\uD83D'],
  ['a lone low surrogate', '\uDE00b'],
  ['surrogates in the wrong order', '\uDE00\uD83D'],
];

/** Values that no text field accepts. */
export const badTexts = [...valuesBut('text'), ...unstorableTexts];

const emptyText = ['an empty text', ''] as const;

/** Values that are not ids. */
export const badIds = [...badTexts, emptyText];

/** A row of a test: its title, fields with an invalid value, and the field that the error names. */
export type BadField = readonly [title: string, fields: object, field: string];

type Values = readonly (readonly [kind: string, value: unknown])[];

/** Returns a row for each value of a field. */
export function eachOf(field: string, values: Values, fields: object = {}): BadField[] {
  return values.map(([kind, value]) => [`${field}: ${kind}`, { ...fields, [field]: value }, field]);
}

/** Returns a row for each value as the only element of a list. */
export function elementsOf(field: string, values: Values): BadField[] {
  return values.map(([kind, value]) => [`an element of ${field}: ${kind}`, { [field]: [value] }, `${field}[0]`]);
}

/** Values that are not JSON. */
export const nonJsonValues: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['NaN', NaN],
  ['an infinity', Infinity],
  ['a bigint', 1n],
  ['a symbol', Symbol('s')],
  ['a function', () => 1],
  ['a Date', new Date(0)],
  ['a Map', new Map([['a', 1]])],
  ['a Set', new Set([1])],
  ['a Uint8Array', new Uint8Array(2)],
  ['a boxed number', Object(1)],
  [
    'an instance of a class',
    new (class Thing {
      a = 1;
    })(),
  ],
  ['an object with a symbol for a key', { [Symbol('s')]: 1 }],
  ['a sparse array', [1, , 2]], // eslint-disable-line no-sparse-arrays -- the hole is what is tried
  ['an object that contains itself', selfContaining()],
  ['NUL', '\0'],
  ['a lone surrogate', '\uD800'],
  ['NUL in a key', { '\0': 1 }],
  ['a lone surrogate in a key', { '\uDC00': 1 }],
];

/** Rows for the field `metadata`: values that are not objects, and values in it that are not JSON, at two depths. */
export const badMetadata: readonly BadField[] = [
  ...eachOf('metadata', valuesBut('object', 'undefined')),
  ...nonJsonValues.flatMap(([kind, value]): BadField[] => [
    [`metadata with ${kind}`, { metadata: { a: value } }, 'metadata'],
    [`metadata with ${kind} in a nested value`, { metadata: { a: { b: [value] } } }, 'metadata'],
  ]),
];

/** Values that are not a Date from year 1 to year 9999. */
export const unstorableTimes: readonly (readonly [string, unknown])[] = [
  ['an invalid Date', new Date(NaN)],
  ['a number', 0],
  ['a text', '2026-01-01T00:00:00.000Z'],
  ['null', null],
  ['an object with getTime', { getTime: () => 0 }],
  ['the year 0', new Date('0000-12-31T23:59:59.999Z')],
  ['the year 10000', new Date('+010000-01-01T00:00:00.000Z')],
];

/** Values that are not a valid Date. */
export const notTimes = unstorableTimes.filter(([kind]) => !kind.startsWith('the year'));

/** Values that are not integers from 0 to 2^53 - 1. */
export const badCounts: readonly (readonly [string, unknown])[] = [
  ['-1', -1],
  ['1.5', 1.5],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['2^53', 2 ** 53],
  ['a text', '1'],
  ['a bigint', 1n],
  ['null', null],
  ['true', true],
];

function selfContaining(): object {
  const object: Record<string, unknown> = {};
  object['self'] = [object];
  return object;
}
