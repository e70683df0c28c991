import fc, { type Arbitrary } from 'fast-check';
import type { Metadata } from '../../src';
import { codePoint } from '../support/code-point';
import { hasBadText } from './text';

/*
 * Arbitraries of values. The pools are small, so that the same ids, names and other values occur often. Sometimes a
 * value is any valid value, and rarely it is invalid.
 */

export const pool = <T>(...values: readonly T[]): Arbitrary<T> => fc.constantFrom(...values);

/** Any text that can be stored. */
export const anyText: Arbitrary<string> = fc
  .oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: codePoint, maxLength: 6 }), fc.string())
  .filter((text) => !hasBadText(text));
const badText = pool('a\0b', '\ud800', 'x\udc00y');
export const text = (...values: readonly string[]): Arbitrary<string> =>
  fc.oneof(
    { weight: 300, arbitrary: pool(...values) },
    { weight: 30, arbitrary: anyText },
    { weight: 1, arbitrary: pool('') },
    { weight: 1, arbitrary: badText },
  );
/** Returns an arbitrary of arrays with one to three elements, and rarely of empty arrays. */
export const someOf = <T>(element: Arbitrary<T>): Arbitrary<T[]> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.array(element, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constant<T[]>([]) },
  );
export const seldom = <T>(value: Arbitrary<T>): Arbitrary<T | undefined> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

export const certificateId = text('c1', 'c2', 'c3', 'C1');
/** Ids of the certificates that exist from the beginning. */
export const givenCertificates = ['c1', 'c2'] as const;
export const heldCertificate = fc.oneof(
  { weight: 20, arbitrary: pool(...givenCertificates) },
  { weight: 1, arbitrary: certificateId },
);
export const agentId = text('a', 'b', 'B', 'ä', '\u{1f642}', '\uffee');
export const eventId = text('e1', 'e2', 'e3', '%');
export const endpointId = fc.oneof(
  { weight: 20, arbitrary: pool('main', 'Main', 'x', 'y') },
  { weight: 1, arbitrary: anyText },
);
export const fingerprint = fc.oneof(
  { weight: 20, arbitrary: pool('AA:BB', 'aabb', 'A:ABB', 'CC', 'c:c', 'dd:ee', 'ff', '0') },
  { weight: 1, arbitrary: pool('', ':', 'a:b:c:d') },
);
const names = [
  'Agent',
  'AGENT two',
  'a_b%',
  'Straße',
  'İstanbul',
  'ΣΊΣΥΦΟΣ',
  '𐐀x',
  'ǅ',
  'e\u0301é',
  'K\u212a',
] as const;
export const name = text(...names);
export const namePart = fc.oneof(
  {
    weight: 4,
    arbitrary: pool('agent', 'A', '_', '%', 'SS', 'ß', 'i', 'i̇', 'İ', 'ς', 'σ', 'Σ', '𐐨', 'ǆ', 'É', 'k', '\u0301'),
  },
  { weight: 2, arbitrary: fc.tuple(name, fc.nat(4), fc.nat(4)).map(([whole, from, size]) => slice(whole, from, size)) },
  { weight: 1, arbitrary: name },
);
export const owner = text('one', 'ONE', 'two');
export const capability = text('read', 'Read', 'write', '\u{1f642}', '\uffee');
export const version = text(
  ...['1.0.0', '1.2.3', '1.2.10', '1.2.3-rc.2', '1.2.3-rc.10', '1.2.3-rc', '1.2.3+build', '2.0.0', '10.0.0'],
  ...['1.0', 'v1.2.3', 'latest', '=2.0.0', ' 3.0.0', '01.0.0', '0.0.0-0'],
);
export const range = fc.oneof(
  { weight: 1, arbitrary: version },
  {
    weight: 3,
    arbitrary: pool('^1.2.0', '>=1 <3', '1.x', '*', 'x', '~1.2', '1 || 2', '<2', '>1.2.3-rc.2', '>=1.2.3-rc <2'),
  },
  { weight: 1, arbitrary: pool('^1.2.3-0', '1.2.3 - 2.0.0', '<0.0.0-0', '!=1', '>=1.2.3-rc.2 || 10') },
);
export const time = fc.oneof(
  { weight: 6, arbitrary: pool(-1, 0, 1, 999, 1000, 1001).map((ms) => new Date(1_800_000_000_000 + ms)) },
  { weight: 1, arbitrary: pool(-62_135_596_800_000, 0, 253_402_300_799_999).map((ms) => new Date(ms)) },
);
export const jsonValue = fc
  .oneof(
    {
      weight: 4,
      arbitrary: pool<unknown>(1, '1', true, null, 'x', [], {}, { b: 1, a: [2] }, { a: [2], b: 1 }, 0.1, 0, -0, [-0]),
    },
    {
      weight: 1,
      arbitrary: fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' }),
    },
  )
  .map((value) => value as Metadata[string]);
export const metadata: Arbitrary<Metadata> = fc.dictionary(text('k', 'K', '__proto__', 'constructor'), jsonValue, {
  maxKeys: 3,
  noNullPrototype: true,
});

/** Returns an arbitrary of records in which each field may be missing. */
export const partly = <T extends object>(fields: { [K in keyof T]: Arbitrary<T[K]> }): Arbitrary<Partial<T>> =>
  fc.record(fields, { requiredKeys: [] }) as Arbitrary<Partial<T>>;

const count = fc.oneof(
  { weight: 20, arbitrary: fc.nat(6) },
  { weight: 1, arbitrary: pool(-1, 1.5, Number.NaN, 2 ** 53) },
);
export const window = { limit: seldom(count), offset: seldom(count) };

/** Returns an arbitrary of records with at most two of the fields: a query with every filter finds nothing. */
export const few = <T extends object>(fields: { [K in keyof T]: Arbitrary<T[K]> }, always: Partial<typeof window>) =>
  fc
    .tuple(
      fc.subarray(Object.keys(fields) as (keyof T)[], { maxLength: 2 }),
      fc.record(fields) as Arbitrary<T>,
      fc.record(always, { requiredKeys: [] }),
    )
    .map(([keys, values, rest]) => ({ ...Object.fromEntries(keys.map((key) => [key, values[key]])), ...rest }));

function slice(whole: string, from: number, size: number): string {
  return Array.from(whole)
    .slice(from, from + size)
    .join('');
}

/** The size of a page, which is rarely invalid. */
export const pageSize = fc.oneof(
  { weight: 20, arbitrary: pool(1, 2, 3, 100, 1000, undefined) },
  { weight: 1, arbitrary: pool(0, -1, 1001, 1.5) },
);
