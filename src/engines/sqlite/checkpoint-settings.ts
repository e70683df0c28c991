/** Settings for the checkpoints of one SQLite database. */
export interface CheckpointSettings {
  /** Maximum size of the write-ahead log in bytes. The log can grow larger only while a reader holds a snapshot. */
  readonly maxWalBytes: number;
  /** Logs a warning, for example that the write-ahead log is too large. */
  readonly warn: (message: string, details: object) => void;
}

/** Default settings for the checkpoints of a database. */
export const defaultCheckpointSettings: CheckpointSettings = { maxWalBytes: 67_108_864, warn: () => undefined };

/** Maximum number of bytes that are written to the write-ahead log before the log is copied into the database file. */
export const maxCopyBytes = 16_777_216;
/** Time in milliseconds after the last write when the write-ahead log is copied into the database file. */
export const idleMs = 1000;
/** Time in milliseconds between two attempts to copy the write-ahead log while a reader prevents the copy. */
export const retryMs = 250;
/**
 * Maximum time in milliseconds that a restart of the write-ahead log waits for readers and other processes. Writers
 * wait meanwhile.
 */
export const holdMs = 100;
/**
 * Maximum time in milliseconds that a restart of a nearly full write-ahead log waits for readers and other processes.
 * Writers wait meanwhile.
 */
export const longHoldMs = 1000;
/**
 * Maximum number of consecutive copies of the write-ahead log. Each copy contains the pages that were written during
 * the previous one.
 */
export const maxCopies = 4;

/** Warning that the write-ahead log is too large. */
export const overLimit = 'the write-ahead log is larger than maxWalBytes because a reader holds an old snapshot';
