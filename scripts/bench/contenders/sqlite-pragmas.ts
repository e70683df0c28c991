/** SQLite pragmas of each contender's connection. They are the same as those of this package. */
export const sqlitePragmas = [
  'journal_mode = WAL',
  'synchronous = NORMAL',
  'foreign_keys = ON',
  'temp_store = MEMORY',
  'cache_size = -65536',
];
