/** Settings of the checkpoints of one database. */
export interface CheckpointSettings {
  /** Maximum size of the log in bytes. The log can be larger only while a reader holds a snapshot. */
  readonly maxWalBytes: number;
  /** Logs a warning. */
  readonly warn: (message: string, details: object) => void;
}

/** Settings of a database that is opened without settings of the checkpoints. */
export const defaultCheckpointSettings: CheckpointSettings = { maxWalBytes: 67_108_864, warn: () => undefined };

/** Maximum number of bytes that are written to the log between two copies of the log. */
export const maxCopyBytes = 16_777_216;
/** Time from the last write to a copy of the log, in milliseconds. */
export const idleMs = 1000;
/** Interval in milliseconds between two attempts to copy the log while a reader prevents it. */
export const retryMs = 250;
/** Maximum time in milliseconds that writers wait during a restart of the log for readers and for other processes. */
export const holdMs = 100;
/** Maximum time in milliseconds that writers wait for a restart of the log that is close to its maximum size. */
export const longHoldMs = 1000;
/** Maximum number of copies in succession. Each one copies what was written during the one before. */
export const maxCopies = 4;

/** Warning about the size of the log. */
export const overLimit = 'the write-ahead log is larger than maxWalBytes because a reader holds an old snapshot';
