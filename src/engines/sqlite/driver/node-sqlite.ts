import { identityOf } from '../file-identity';
import { nodeSqliteName, type SqliteDriver } from './driver';
import { nodeSqliteSource } from './embedded/node-sqlite';
import { NodeSqliteConnection } from './node-sqlite-connection';
import type { NodeSqliteModule } from './node-sqlite-module';

// Removes Node's warning about `node:sqlite` in threads, because the process has already shown it.
const threadSource = `${nodeSqliteSource}
const Driver = (() => {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  const sqlite = process.getBuiltinModule('${nodeSqliteName}');
  process.emitWarning = emitWarning;
  return class extends NodeSqlite.NodeSqliteConnection {
    constructor(path, options) {
      super(sqlite, path, options);
    }
  };
})();
`;

let driver: SqliteDriver | undefined;

/** Returns `node:sqlite` as a driver. Returns undefined when Node.js lacks the module, or is older than 22.16. */
export function nodeSqlite(): SqliteDriver | undefined {
  driver ??= load();
  return driver;
}

function load(): SqliteDriver | undefined {
  // Uses `getBuiltinModule`, because some bundlers and test runners do not know this module.
  const sqlite = process.getBuiltinModule(nodeSqliteName) as NodeSqliteModule | undefined;
  if (sqlite?.backup === undefined) return undefined;
  return {
    library: { id: identityOf(process.execPath), path: nodeSqliteName },
    threadSource,
    open: (path, options) => new NodeSqliteConnection(sqlite, path, options),
  };
}
