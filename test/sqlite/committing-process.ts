import SqliteDriver from '../support/sqlite-driver';

/** Commits to the database at a path every millisecond until the process is killed. */
function main(path: string): void {
  const driver = new SqliteDriver(path, { timeout: 5000 });
  driver.exec('CREATE TABLE IF NOT EXISTS foreign_commits (n INTEGER PRIMARY KEY)');
  const insert = driver.prepare('INSERT INTO foreign_commits DEFAULT VALUES');
  process.stdout.write('ready\n');
  const commit = (): void => {
    insert.run();
    setTimeout(commit, 1);
  };
  commit();
}

main(process.argv[2] ?? '');
