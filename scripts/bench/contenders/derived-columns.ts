/**
 * Returns the lower-case name that the package stores, in a simple form, because the names of the benchmark are ASCII.
 */
export function foldedName(name: string): string {
  return name.toLowerCase();
}

/** Returns the sort key of a version, in a simple form, because the versions of the benchmark are three numbers. */
export function versionKey(version: string): string {
  const numbers = version.split('.').map((number) => `${number.length}${number}`);
  return `${numbers.join('')}~`;
}

export function fingerprintKey(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}
