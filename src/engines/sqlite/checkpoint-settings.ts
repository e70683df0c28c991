/** Settings for the checkpoints of one database. */
export interface CheckpointSettings {
  /** Maximum size of the log in bytes. The log can be larger only while a reader holds a snapshot. */
  readonly maxWalBytes: number;
  /** Logs a warning, such as that the log is too large. */
  readonly warn: (message: string, details: object) => void;
}

/** Settings for a database that is opened without settings for its checkpoints. */
export const defaultCheckpointSettings: CheckpointSettings = { maxWalBytes: 67_108_864, warn: () => undefined };

/** Maximum number of bytes that are written to the log between two copies of the log. */
export const maxCopyBytes = 16_777_216;
/** Time in milliseconds after the last write when the log is copied. */
export const idleMs = 1000;
/** Time in milliseconds between two attempts to copy the log while a reader prevents the copy. */
export const retryMs = 250;
/**
 * Maximum time in milliseconds that a restart of the log waits for readers and other processes. Writers wait meanwhile.
 */
export const holdMs = 100;
/**
 * Maximum time in milliseconds that a restart of the log waits for readers and other processes, when the log is close
 * to its maximum size. Writers wait meanwhile.
 */
export const longHoldMs = 1000;
/** Maximum number of copies in a row. Each one copies what was written during the previous one. */
export const maxCopies = 4;

/** Warning about the size of the log. */
export const overLimit = 'the write-ahead log is larger than maxWalBytes because a reader holds an old snapshot';
