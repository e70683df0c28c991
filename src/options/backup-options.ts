/** Progress of a backup, in bytes. */
export interface BackupProgress {
  readonly copiedBytes: number;
  /** Total size of the copy in bytes. At the end of the backup, `copiedBytes` has the same value. */
  readonly totalBytes: number;
}

/**
 * Options of a backup.
 *
 * @example
 * ```ts
 * await db.backup('./backup.sqlite', {
 *   onProgress: ({ copiedBytes, totalBytes }) => console.log(`${copiedBytes} of ${totalBytes}`),
 * });
 * ```
 */
export interface BackupOptions {
  /**
   * Listener for the progress of the backup. It is called at the beginning, from time to time, and at the end of the
   * copying, but not during the check afterwards. If the listener throws, the backup fails with INVALID_INPUT.
   *
   * @defaultValue progress is not reported
   */
  onProgress?: ((progress: BackupProgress) => void) | undefined;
}
