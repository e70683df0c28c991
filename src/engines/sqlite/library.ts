import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { identityOf, type FileIdentity } from './file-identity';

/** Native library that contains SQLite. */
export interface SqliteLibrary {
  /** Identity of the binary. The system loads a binary once, however many names or JavaScript copies it has. */
  readonly id: FileIdentity;
  /** Real path of the binary. */
  readonly path: string;
}

/** First seven folders in which the npm package `bindings` searches for the binary of better-sqlite3, in its order. */
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
  // A bundler may have moved the binary: then the JavaScript copy identifies the library.
  const path = realpathSync(binary ?? entry);
  return { id: identityOf(path), path };
}
