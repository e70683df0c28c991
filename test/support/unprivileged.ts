import { chmodSync } from 'node:fs';

const nobody = 65_534;

/** Returns the user that runs servers, which refuse to run as root: the user of this process unless that is root. */
export function unprivilegedUser(): { readonly uid?: number; readonly gid?: number } {
  return process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
}

/** Calls `work` as a user other than root, because file modes do not restrict root. */
async function withoutPrivileges<T>(work: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0;
  if (!isRoot) return work();
  process.seteuid?.(nobody);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

/** Calls `work` while the directory and the files at `paths` are read-only. */
export async function whileReadOnly<T>(paths: readonly string[], work: () => Promise<T>): Promise<T> {
  const modes = paths.map((path, index) => [path, index === 0 ? 0o555 : 0o444] as const);
  for (const [path, mode] of modes) chmodSync(path, mode);
  try {
    return await withoutPrivileges(work);
  } finally {
    for (const [path] of modes) chmodSync(path, 0o755);
  }
}
