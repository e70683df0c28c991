/** Messages about faults of the PostgreSQL sequence that assigns the numbers of the change feed. */
export const feedCounterMessages = {
  behind: 'the sequence of the change feed is behind its highest stored value: run migrateDatabase() to repair it',
  unordered:
    'the sequence of the change feed does not assign numbers in ascending order: run ALTER SEQUENCE changes_sequence_seq CACHE 1 INCREMENT BY 1 NO CYCLE, and then restart every service',
  missing: 'the sequence of the change feed is missing',
} as const;
