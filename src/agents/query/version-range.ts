import { type Comparator, Range, SemVer } from 'semver';
import { invalidInput } from '../../errors/failure';
import { FrequentTextCache } from '../../sql/frequent-text-cache';
import { keyOf, releaseKeyOf } from '../version-key';

/**
 * Range of version keys from `lower` (inclusive) to `upper` (exclusive). It contains prereleases only when
 * `hasPrereleases` is 1. The SQL of the version filter reads the elements in this order.
 */
export type VersionRange = readonly [lower: string, upper: string, hasPrereleases: 0 | 1];

/** Maximum number of characters of a semver range. A longer text is not parsed, and matches only an equal version. */
const maxRangeLength = 4096;
const maxComparators = 200;

/**
 * Cache of the version key ranges of frequent semver ranges. Parsing a range takes a tenth of the time of a whole
 * `resolve` call.
 */
const cachedRanges = new FrequentTextCache<readonly VersionRange[]>(256);

/** Character that sorts before every character of a version key. A key plus this character is the next possible key. */
const next = '\u0001';
/** Text that sorts after all version keys. */
const afterAllKeys = '\u007f';

/**
 * Returns the ranges of version keys that are equivalent to a semver range. A version satisfies the semver range, by
 * `semver.satisfies`, exactly if its key is in one of the returned ranges. Returns undefined when `range` is too long
 * or is not a valid semver range.
 *
 * @throws INVALID_INPUT when the range has too many comparators
 */
export function toVersionRanges(range: string): readonly VersionRange[] | undefined {
  if (range.length > maxRangeLength) return undefined;
  const known = cachedRanges.get(range);
  if (known !== undefined) return known;
  const set = parseRange(range);
  if (set === undefined) return undefined;
  if (set.flat().length > maxComparators)
    throw invalidInput('version', `must have at most ${maxComparators} comparators`);
  const ranges = merge(set.flatMap(toRanges));
  cachedRanges.add(range, ranges);
  return ranges;
}

// Returns the alternatives of a semver range, each of which is a list of comparators. Returns undefined when the range
// is invalid.
function parseRange(range: string): Range['set'] | undefined {
  try {
    return new Range(range).set;
  } catch {
    return undefined;
  }
}

// Returns the version key ranges of one alternative, whose comparators a version must all satisfy. In addition, semver
// accepts a prerelease only if a comparator is a prerelease of the same release.
function toRanges(comparators: readonly Comparator[]): VersionRange[] {
  let lower = '';
  let upper = afterAllKeys;
  const releases: string[] = [];
  for (const { operator, semver: version } of comparators) {
    // Skips a comparator without a version, which has no bound. semver converts "*" to such a comparator.
    if (!(version instanceof SemVer)) continue;
    const key = keyOf(version);
    if (!operator.startsWith('<')) lower = greater(lower, operator === '>' ? `${key}${next}` : key);
    if (!operator.startsWith('>')) upper = lesser(upper, operator === '<' ? key : `${key}${next}`);
    if (version.prerelease.length > 0) releases.push(releaseKeyOf(version));
  }
  // The keys of the prereleases of a release begin with the key of the release and "-". Their range ends at ".", the
  // next character after "-".
  const ofPrereleases = releases.map((release): VersionRange => {
    return [greater(lower, `${release}-`), lesser(upper, `${release}.`), 1];
  });
  return [[lower, upper, 0], ...ofPrereleases];
}

// Merges ranges that overlap or touch, so that each version key is compared with fewer ranges.
function merge(ranges: readonly VersionRange[]): VersionRange[] {
  const merged: VersionRange[] = [];
  const sorted = ranges.filter(([lower, upper]) => lower < upper).sort(byKindAndLower);
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last?.[2] === range[2] && range[0] <= last[1]) {
      merged[merged.length - 1] = [last[0], greater(last[1], range[1]), last[2]];
    } else merged.push(range);
  }
  return merged;
}

function byKindAndLower(one: VersionRange, other: VersionRange): number {
  if (one[2] !== other[2]) return one[2] - other[2];
  return one[0] === other[0] ? 0 : one[0] < other[0] ? -1 : 1;
}

function greater(one: string, other: string): string {
  return one < other ? other : one;
}

function lesser(one: string, other: string): string {
  return one < other ? one : other;
}
