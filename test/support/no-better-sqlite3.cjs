// Takes the place of better-sqlite3 when the tests run on node:sqlite: fails as if it was not installed.
throw Object.assign(new Error("Cannot find module 'better-sqlite3'"), { code: 'MODULE_NOT_FOUND' });
