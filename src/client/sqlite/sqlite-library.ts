import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { identityOf, type FileIdentity } from './file-identity';

/** A native library that contains SQLite. */
export interface SqliteLibrary {
  /** The system loads a binary once, whatever number of names or JavaScript copies it has. */
  readonly id: FileIdentity;
  /** The real path of the binary. */
  readonly path: string;
}

/** Where better-sqlite3 looks for its binary, in its order (npm's `bindings`). */
const binaryFolders = ['build', 'build/Debug', 'build/Release', 'out/Debug', 'Debug', 'out/Release', 'Release'];

let own: SqliteLibrary | undefined;

/** Returns the library that this copy of the package uses. */
export function ownSqliteLibrary(): SqliteLibrary {
  own ??= findOwnLibrary();
  return own;
}

function findOwnLibrary(): SqliteLibrary {
  const entry = require.resolve('better-sqlite3');
  const root = dirname(dirname(entry));
  const binary = binaryFolders.map((folder) => join(root, folder, 'better_sqlite3.node')).find(existsSync);
  // A bundler may have put the binary elsewhere: the JavaScript copy stands for it then.
  const path = realpathSync(binary ?? entry);
  return { id: identityOf(path), path };
}
