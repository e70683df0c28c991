import { resolve } from 'node:path';
import { invalidInput } from '../errors/failure';
import { checkNonEmptyText, checkObject, ifDefined } from '../validation/checks';
import type { BackupProgress } from './backup-options';

/** Path of a backup, and the listener for its progress. */
export interface BackupRequest {
  /** Absolute path of the backup. */
  readonly path: string;
  readonly onProgress: (progress: BackupProgress) => void;
}

const optionNames = new Set(['onProgress'] as const);

/**
 * Checks the arguments of `db.backup()`, and makes the path absolute.
 *
 * @throws INVALID_INPUT when an argument is invalid
 */
export function parseBackup(path: unknown, options: unknown = {}): BackupRequest {
  const { onProgress } = checkObject(options, 'options', optionNames);
  return {
    path: resolve(checkPath(path)),
    onProgress: ifDefined(onProgress, 'options.onProgress', checkProgress) ?? (() => undefined),
  };
}

function checkPath(value: unknown): string {
  const path = checkNonEmptyText(value, 'path');
  if (/^(?:file|postgres(?:ql)?):/.test(path)) throw invalidInput('path', 'must be a path, not a URL');
  // Rejects outer spaces, because the driver trims a path before it opens the file, and so would open another file.
  if (path !== path.trim()) throw invalidInput('path', 'must not begin or end with a space');
  return path;
}

function checkProgress(value: unknown, field: string): (progress: BackupProgress) => void {
  // The cast cannot be verified, because the types of a function's parameters do not exist at run time.
  if (typeof value === 'function') return value as (progress: BackupProgress) => void;
  throw invalidInput(field, 'must be a function');
}
