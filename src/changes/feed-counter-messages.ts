/** Messages for a faulty counter of the change feed, by its state. The counter assigns the numbers of the feed. */
export const feedCounterMessages = {
  behind: 'the counter of the change feed is behind its highest stored number: migrateDatabase() repairs it',
  missing: 'the change feed has no sequence that gives its numbers',
} as const;
