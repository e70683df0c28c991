import { classifySqliteError } from '../../src/engines/sqlite/errors/classify';

/** Returns the error with which Node.js reports that it cannot load a module. */
function loadError(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

describe('an error of loading the SQLite driver', () => {
  test.each([
    ['MODULE_NOT_FOUND', "Cannot find module 'better-sqlite3'"],
    ['MODULE_NOT_FOUND', "Cannot find module 'bindings'"],
    ['ERR_MODULE_NOT_FOUND', "Cannot find package 'better-sqlite3' imported from /app/index.mjs"],
    ['ERR_MODULE_NOT_FOUND', "Cannot find package 'file-uri-to-path' imported from /app/index.mjs"],
  ])('asks for the installation of better-sqlite3: %s, %s', (code, message) => {
    const failure = classifySqliteError(loadError(message, code));
    expect(failure).toMatchObject({ code: 'DRIVER_UNAVAILABLE', retryable: false });
    expect(failure.message).toMatch(/^better-sqlite3 is not installed/);
  });

  test.each([
    ['ERR_DLOPEN_FAILED', 'better_sqlite3.node: wrong ELF class: ELFCLASS32'],
    [undefined, 'Could not locate the bindings file. Tried: …'],
  ])('asks for a rebuild of better-sqlite3: %s, %s', (code, message) => {
    const failure = classifySqliteError(loadError(message, code));
    expect(failure).toMatchObject({ code: 'DRIVER_UNAVAILABLE', retryable: false });
    expect(failure.message).toMatch(/^better-sqlite3 has no binary for this version of Node\.js and this system/);
  });

  test.each([
    ['MODULE_NOT_FOUND', "Cannot find module './settings'"],
    ['ERR_MODULE_NOT_FOUND', "Cannot find package 'pino' imported from /app/index.mjs"],
    [undefined, "Cannot find module 'better-sqlite3'"],
  ])('is INTERNAL when it is about another module or has no code: %s, %s', (code, message) => {
    expect(classifySqliteError(loadError(message, code))).toMatchObject({ code: 'INTERNAL' });
  });
});
