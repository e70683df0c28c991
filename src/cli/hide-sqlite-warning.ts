/**
 * Hides the warning that Node.js prints when `node:sqlite` is loaded, because a user of the command line cannot act on
 * it. Does not hide other warnings.
 */
export function hideSqliteWarning(): void {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (warning: string | Error, ...options: never[]) => {
    if (!String(warning).startsWith('SQLite is an experimental feature')) emitWarning(warning, ...options);
  };
}
