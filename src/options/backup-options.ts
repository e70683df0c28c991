/** Progress of a backup, in bytes. */
export interface BackupProgress {
  readonly copiedBytes: number;
  /** Total size of the copy. At the end of the backup, `copiedBytes` has the same value. */
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
   * Listener for the progress. It is called at the beginning, from time to time, and at the end of the copy; the copy
   * is checked afterwards. If the listener throws, the backup fails with INVALID_INPUT.
   *
   * @defaultValue progress is not reported
   */
  onProgress?: ((progress: BackupProgress) => void) | undefined;
}
