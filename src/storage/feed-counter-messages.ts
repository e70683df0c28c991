/** Messages about a fault of the counter that assigns the numbers of the change feed, by the state of the counter. */
export const feedCounterMessages = {
  behind: 'the sequence of the change feed is behind its highest stored value: run migrateDatabase() to repair it',
  missing: 'the sequence of the change feed is missing',
} as const;
