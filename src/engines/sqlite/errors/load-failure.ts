import { reportedFailure, type Failure } from '../../../errors/failure';
import { propertiesOf } from '../../../errors/properties';

// The install script of better-sqlite3 downloads or compiles its binary. Yarn 4 and pnpm 10 run the install script of a
// package only if the application allows it.
const rebuild = [
  'With npm, run "npm rebuild better-sqlite3 --ignore-scripts=false".',
  'With pnpm, run "pnpm approve-builds", then "pnpm rebuild better-sqlite3".',
  'With Yarn, set dependenciesMeta.better-sqlite3.built to true in package.json, then run "yarn rebuild better-sqlite3"',
].join(' ');
const orNode = 'Or use Node.js 22.16 or newer, which contains SQLite, without the option driver';
const noBinary = `better-sqlite3 has no binary for this version of Node.js and this system. ${rebuild}. ${orNode}`;
const install = '"npm install better-sqlite3", "pnpm add better-sqlite3" or "yarn add better-sqlite3"';
const notInstalled = `better-sqlite3 is not installed: run ${install} in the application. ${orNode}`;

/** Returns the failure for an error of loading the driver. Returns undefined for any other error. */
export function toLoadFailure(error: object, cause: unknown): Failure | undefined {
  const message = describeLoadError(error);
  return message === undefined ? undefined : reportedFailure('DRIVER_UNAVAILABLE', message, { cause });
}

function describeLoadError(error: object): string | undefined {
  const { code, message } = propertiesOf(error);
  if (typeof message !== 'string') return undefined;
  // Tests the message, because an error of the package `bindings` has no code.
  if (code === 'ERR_DLOPEN_FAILED' || message.startsWith('Could not locate the bindings file')) return noBinary;
  const isMissing = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
  return isMissing && /better-sqlite3|bindings|file-uri-to-path/.test(message) ? notInstalled : undefined;
}
