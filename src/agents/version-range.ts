import semver, { type Comparator, Range } from 'semver';
import { invalidInput } from '../errors/failure';
import { keyOf, releaseKeyOf } from './version-key';

/** A comparison of a version key. */
export interface VersionBound {
  readonly operator: '=' | '<' | '<=' | '>' | '>=';
  readonly key: string;
}

/**
 * One alternative of a range: a version has to meet every bound, and a prerelease has to be one of a release whose
 * prereleases the range mentions.
 */
export interface VersionInterval {
  readonly bounds: readonly VersionBound[];
  readonly prereleasesOf: readonly string[];
}

/** A longer text is compared as it is, however it reads. */
const maxRangeLength = 4096;
const maxComparators = 200;

/**
 * What `semver.satisfies(version, range)` means for version keys: some interval has to hold. Null when `range` is no
 * semver range.
 *
 * @throws INVALID_INPUT for a range so long that a database could not take the comparison.
 */
export function toVersionIntervals(range: string): VersionInterval[] | null {
  if (range.length > maxRangeLength) return null;
  if (semver.validRange(range) === null) return null;
  const { set } = new Range(range);
  if (set.flat().length > maxComparators)
    throw invalidInput('version', `must not have over ${maxComparators} comparators`);
  return set.map(toInterval);
}

function toInterval(comparators: readonly Comparator[]): VersionInterval {
  // "*" stands as a comparator without a version: it bounds nothing.
  const bounding = comparators.filter((comparator) => comparator.semver instanceof semver.SemVer);
  return {
    bounds: bounding.map(
      ({ operator, semver: version }) => ({ operator: operator || '=', key: keyOf(version) }) as const,
    ),
    prereleasesOf: bounding
      .filter(({ semver: version }) => version.prerelease.length > 0)
      .map(({ semver: version }) => releaseKeyOf(version)),
  };
}
