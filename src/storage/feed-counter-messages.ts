/** Messages for a faulty counter of the change feed, by its state. The counter assigns the numbers of the feed. */
export const feedCounterMessages = {
  behind: 'the sequence of the change feed is behind its highest stored value: run migrateDatabase() to repair it',
  missing: 'the sequence of the change feed is missing',
} as const;
