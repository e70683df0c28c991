import { chmodSync } from 'node:fs';

const nobody = 65_534;

/** Who runs a server that refuses to be run by root: this process's user, unless that is root. */
export function unprivilegedUser(): { readonly uid?: number; readonly gid?: number } {
  return process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
}

/** Does `work` as a user who may not write where he is not allowed to: root, whom no mode of a file stops, may. */
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

/** Does `work` while nobody may write to the files at `paths`. */
export async function whileReadOnly<T>(paths: readonly string[], work: () => Promise<T>): Promise<T> {
  const modes = paths.map((path, index) => [path, index === 0 ? 0o555 : 0o444] as const);
  for (const [path, mode] of modes) chmodSync(path, mode);
  try {
    return await withoutPrivileges(work);
  } finally {
    for (const [path] of modes) chmodSync(path, 0o755);
  }
}
