import fc from 'fast-check';
import semver from 'semver';
import { toVersionKey } from '../../src/agents/version-key';
import { toVersionRanges, type VersionRange } from '../../src/agents/query/version-range';
import { toCanonicalJson } from '../../src/metadata/canonical-json';
import { foldCase } from '../../src/validation/fold-case';
import { anyText, jsonValue } from './pools';
import { compareCodePoints, fold, isSame } from './text';

const runs = Number(process.env['PROPERTY_RUNS'] ?? 100);
const { PROPERTY_SEED: seed } = process.env;
const parameters = { numRuns: runs, ...(seed === undefined ? {} : { seed: Number(seed) }) };

// Mostly small, so that versions are often equal or next to each other.
const number = fc.oneof(
  { weight: 8, arbitrary: fc.nat(3) },
  { weight: 2, arbitrary: fc.constantFrom(9, 10, 11, 99, 100) },
  { weight: 1, arbitrary: fc.nat(Number.MAX_SAFE_INTEGER) },
);
const identifier = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('alpha', 'beta', 'rc', 'Rc', '-', 'a-', 'a', 'ab', '0a', '1-') },
  { weight: 4, arbitrary: number.map(String) },
  // Longer than any number that JavaScript stores exactly; semver compares these identifiers, too.
  { weight: 1, arbitrary: fc.nat(60).map((zeros) => `1${'0'.repeat(zeros)}`) },
  { weight: 1, arbitrary: fc.stringMatching(/^[0-9A-Za-z-]{1,5}$/).filter((text) => !/^0\d+$/.test(text)) },
);
const prerelease = fc
  .array(identifier, { maxLength: 3 })
  .map((parts) => (parts.length === 0 ? '' : `-${parts.join('.')}`));
const build = fc.constantFrom('', '', '', '+build', '+1.a');
const release = fc.tuple(number, number, number).map((numbers) => numbers.join('.'));
const version = fc.tuple(release, prerelease, build).map((parts) => parts.join(''));

const partial = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(release, prerelease).map((parts) => parts.join('')) },
  { weight: 2, arbitrary: fc.tuple(number, number).map((numbers) => numbers.join('.')) },
  { weight: 2, arbitrary: number.map(String) },
  {
    weight: 1,
    arbitrary: fc.tuple(number, fc.constantFrom('.x', '.*', '.X.x', '.0.x')).map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: fc.constantFrom('*', 'x', '') },
);
const comparator = fc
  .tuple(fc.constantFrom('', '=', '<', '<=', '>', '>=', '^', '~', '~>'), partial)
  .map((parts) => parts.join(''));
const alternative = fc.oneof(
  { weight: 4, arbitrary: fc.array(comparator, { minLength: 1, maxLength: 3 }).map((all) => all.join(' ')) },
  { weight: 1, arbitrary: fc.tuple(partial, partial).map((ends) => ends.join(' - ')) },
);
const range = fc.array(alternative, { minLength: 1, maxLength: 3 }).map((all) => all.join(' || '));

/** Evaluates the condition of the database for a version key. */
function isWithin(key: string, [lower, upper, hasPrereleases]: VersionRange): boolean {
  const isBetween = compareCodePoints(key, lower) >= 0 && compareCodePoints(key, upper) < 0;
  return isBetween && (hasPrereleases === 1 || key.endsWith('~'));
}

describe('version keys', () => {
  test('version keys have the order in which semver.compare sorts the versions', () => {
    const property = fc.property(version, version, (first, second) => {
      const [left, right] = [toVersionKey(first) ?? '', toVersionKey(second) ?? ''];
      expect(Math.sign(compareCodePoints(left, right))).toBe(semver.compare(first, second));
    });
    fc.assert(property, parameters);
  });

  test('the version key of a text is null exactly when semver does not accept the text', () => {
    const text = fc.oneof(
      version,
      partial,
      anyText,
      version.map((value) => ` v${value} `),
    );
    const property = fc.property(text, (value) => {
      expect(toVersionKey(value) === null).toBe(semver.valid(value) === null);
    });
    fc.assert(property, parameters);
  });

  test('version keys sort a list of versions as semver.compare does', () => {
    const property = fc.property(fc.array(version, { maxLength: 20 }), (versions) => {
      const byKey = [...versions].sort((a, b) => compareCodePoints(toVersionKey(a) ?? '', toVersionKey(b) ?? ''));
      const bySemver = [...versions].sort((a, b) => semver.compare(a, b));
      byKey.forEach((value, index) => expect(semver.compare(value, bySemver[index] ?? '')).toBe(0));
    });
    fc.assert(property, { ...parameters, numRuns: runs / 10 });
  });
});

describe('version ranges', () => {
  test('a version range contains exactly the versions that satisfy it according to semver', () => {
    let satisfied = 0;
    const property = fc.property(range, fc.array(version, { minLength: 1, maxLength: 10 }), (text, versions) => {
      const ranges = toVersionRanges(text);
      expect(ranges === undefined).toBe(semver.validRange(text) === null);
      for (const candidate of versions) {
        const key = toVersionKey(candidate) ?? '';
        const holds = (ranges ?? []).some((keys) => isWithin(key, keys));
        expect({ candidate, holds }).toEqual({ candidate, holds: semver.satisfies(candidate, text) });
        if (holds) satisfied += 1;
      }
    });
    fc.assert(property, parameters);
    expect(satisfied).toBeGreaterThan(runs / 10);
  });

  test('a version range includes or excludes its bounds as semver does', () => {
    const property = fc.property(range, (text) => {
      const comparators = semver.validRange(text) === null ? [] : new semver.Range(text).set.flat();
      for (const { semver: bound } of comparators) {
        if (!(bound instanceof semver.SemVer)) continue;
        const ranges = toVersionRanges(text) ?? [];
        const holds = ranges.some((keys) => isWithin(toVersionKey(bound.version) ?? '', keys));
        expect({ bound: bound.version, holds }).toEqual({ bound: bound.version, holds: semver.satisfies(bound, text) });
      }
    });
    fc.assert(property, parameters);
  });
});

describe('foldCase', () => {
  const letters = fc.constantFrom(
    ...['İ', 'I', 'ı', 'ß', 'ẞ', 'Σ', 'ς', 'ǅ', 'K', '\u212a', '𐐀', 'É', '\u0301', 'i̇', 'a', 'Ⴀ', 'Ა'],
  );
  const text = fc.oneof(
    anyText,
    fc.array(fc.oneof(letters, anyText), { maxLength: 6 }).map((parts) => parts.join('')),
  );

  test('foldCase returns for a text the concatenation of its folded parts', () => {
    const property = fc.property(text, text, text, (before, part, after) => {
      expect(foldCase(before + part + after)).toBe(foldCase(before) + foldCase(part) + foldCase(after));
      expect(foldCase(before + part + after)).toContain(foldCase(part));
    });
    fc.assert(property, parameters);
  });

  test('foldCase keeps the number of code points and does not change its own result', () => {
    const property = fc.property(text, (value) => {
      expect(Array.from(foldCase(value))).toHaveLength(Array.from(value).length);
      expect(foldCase(foldCase(value))).toBe(foldCase(value));
    });
    fc.assert(property, parameters);
  });

  test('foldCase maps every code point by the documented rule', () => {
    // From plane 2 on, no code point has another case.
    for (let codePoint = 1; codePoint <= 0x10ffff; codePoint += codePoint < 0x20000 ? 1 : 97) {
      if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
      const character = String.fromCodePoint(codePoint);
      if (foldCase(character) !== fold(character)) expect(foldCase(character)).toBe(fold(character));
    }
    expect(foldCase('STRASSE İ ΣΊΣΥΦΟΣ 𐐀')).toBe('strasse İ σίσυφοσ 𐐨');
  });
});

describe('toCanonicalJson', () => {
  /** Returns the same value with the keys of every object in another order. */
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([key, inner]) => [key, shuffled(inner)] as const);
    return Object.fromEntries(entries.reverse());
  };

  test('toCanonicalJson returns the same text for equal values and different texts for different values', () => {
    const property = fc.property(jsonValue, jsonValue, (first, second) => {
      expect(toCanonicalJson(first, 'value') === toCanonicalJson(second, 'value')).toBe(isSame(first, second));
    });
    fc.assert(property, parameters);
  });

  test('toCanonicalJson returns the same text for any order of keys, and JSON.parse returns an equal value', () => {
    const property = fc.property(fc.oneof(jsonValue, fc.jsonValue()), (value) => {
      const text = toCanonicalJson(value, 'value');
      expect(toCanonicalJson(shuffled(value), 'value')).toBe(text);
      expect(isSame(JSON.parse(text), value)).toBe(true);
    });
    fc.assert(property, parameters);
  });
});
