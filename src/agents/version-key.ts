import semver, { type SemVer } from 'semver';

/*
 * A version key is a text whose code point order is the precedence of semantic versions (semver.org, section 11). With
 * these keys, a database can sort and compare versions without parsing them. Examples, with spaces that the keys do not
 * have:
 *
 *   1.2.10         11 12 210 ~
 *   1.2.10-rc.2    11 12 210 - 1rc! 0012!
 *
 * Each number of a release comes after the number of its digits, in base 36. "~" ends the key of a release. "-" begins
 * the identifiers of a prerelease. "-" sorts before "~", because a prerelease precedes its release.
 *
 * An identifier begins with 0 if it is numeric, otherwise with 1, and ends with "!". The digits of a numeric identifier
 * come after the number of these digits, in base 36 and with two characters. "!" sorts before every character of an
 * identifier, because a shorter identifier precedes a longer one with the same beginning. A key with fewer identifiers
 * sorts before a key that has the same identifiers and more.
 */

/** Returns the key of a version; null when npm's `semver` cannot parse the version. Ignores build metadata. */
export function toVersionKey(version: string): string | null {
  const parsed = semver.parse(version);
  return parsed === null ? null : keyOf(parsed);
}

/** Returns the key of a version that `semver` has parsed. */
export function keyOf(version: SemVer): string {
  if (version.prerelease.length === 0) return `${releaseKeyOf(version)}~`;
  return `${releaseKeyOf(version)}-${version.prerelease.map(identifierKey).join('')}`;
}

/** Returns the common prefix of the keys of a release and of all its prereleases. */
export function releaseKeyOf({ major, minor, patch }: SemVer): string {
  return [major, minor, patch].map((number) => `${number.toString().length.toString(36)}${number}`).join('');
}

function identifierKey(identifier: string | number): string {
  if (!/^\d+$/.test(String(identifier))) return `1${identifier}!`;
  // Rounds large identifiers as `semver` does, which compares identifiers above 2^53 as numbers. The keys must sort in
  // the same way.
  const digits = BigInt(Number(identifier)).toString();
  return `0${digits.length.toString(36).padStart(2, '0')}${digits}!`;
}
