import { findInChain } from './error-chain';
import { Failure } from './failure';

/** Error codes of a process, or a system, that has reached its limit of open files. */
const descriptorCodes: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE']);

const noDescriptor = 'no file descriptor is left: close files, or raise the limit of the process (ulimit -n)';

// Yarn 4 and pnpm 10 run the scripts of a package, which fetch or compile the binary, only where they are allowed.
const rebuild = [
  'With npm, run "npm rebuild better-sqlite3 --ignore-scripts=false".',
  'With pnpm, run "pnpm approve-builds", then "pnpm rebuild better-sqlite3".',
  'With Yarn, set dependenciesMeta.better-sqlite3.built to true in package.json, then run "yarn rebuild better-sqlite3"',
].join(' ');
const noBinary = `better-sqlite3 has no binary for this version of Node.js and this system. ${rebuild}`;
const notInstalled =
  'better-sqlite3 is not installed: run "npm install", "pnpm install" or "yarn install" in the application';

/**
 * Returns the failure of loading a module or opening a file when the process or the installation causes it; undefined
 * for any other error.
 */
export function toLoadFailure(error: object, cause: unknown): Failure | undefined {
  if (lacksDescriptors(error)) return new Failure('UNAVAILABLE', noDescriptor, { cause });
  const message = describeDriverFault(error);
  return message === undefined ? undefined : new Failure('DRIVER_UNAVAILABLE', message, { cause });
}

/** Reports whether the process, or the system, has too many open files. Such an error does not concern the database. */
export function isDescriptorShortage(error: unknown): boolean {
  return findInChain(error, (link) => lacksDescriptors(link) || undefined) ?? false;
}

function lacksDescriptors(error: object): boolean {
  const { code, message } = error as Readonly<Record<string, unknown>>;
  if (descriptorCodes.has(code)) return true;
  // The dynamic linker, and the start of a thread, report the reason only in their message.
  const hasReason = code === 'ERR_DLOPEN_FAILED' || code === 'ERR_WORKER_INIT_FAILED';
  return hasReason && typeof message === 'string' && /too many open files|EMFILE|ENFILE/i.test(message);
}

function describeDriverFault(error: object): string | undefined {
  const { code, message } = error as Readonly<Record<string, unknown>>;
  if (typeof message !== 'string') return undefined;
  // Thrown by the package "bindings", without a code.
  if (code === 'ERR_DLOPEN_FAILED' || message.startsWith('Could not locate the bindings file')) return noBinary;
  const isMissing = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
  return isMissing && /better-sqlite3|bindings|file-uri-to-path/.test(message) ? notInstalled : undefined;
}
