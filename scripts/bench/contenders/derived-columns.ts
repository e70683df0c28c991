/** What the package keeps beside a name, made simply: names of the benchmark are ASCII. */
export function foldedName(name: string): string {
  return name.toLowerCase();
}

/** What the package orders versions by, made simply: versions of the benchmark are three numbers. */
export function versionKey(version: string): string {
  const numbers = version.split('.').map((number) => `${number.length}${number}`);
  return `${numbers.join('')}~`;
}

export function fingerprintKey(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}
