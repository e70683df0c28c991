import semver, { type SemVer } from 'semver';

/*
 * A version key is a text whose code point order is the precedence of semantic versions (semver.org, section 11), so
 * that a database can sort and compare versions without knowing them:
 *
 *   1.2.10         11 12 210 ~             each number is preceded by how many digits it has, in base 36
 *   1.2.10-rc.2    11 12 210 - 1rc! 0012!   an identifier is marked 0 when numeric, 1 when not, and ended by "!"
 *
 * (without the spaces). "-" sorts before "~", as a prerelease does before its release; "!" sorts before every character
 * of an identifier, as a shorter identifier does before its continuation, and fewer identifiers before more.
 */

/** The key of `version`, or null where npm's semver takes it for no semantic version. Build metadata has no part in it. */
export function toVersionKey(version: string): string | null {
  const parsed = semver.parse(version);
  return parsed === null ? null : keyOf(parsed);
}

/** The key of a version that is parsed already. */
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
  // Beyond 2^53 semver compares numeric identifiers as numbers, precision lost, and so has the key to.
  const digits = BigInt(Number(identifier)).toString();
  return `0${digits.length.toString(36).padStart(2, '0')}${digits}!`;
}
