/** Progress of a backup, in bytes. */
export interface BackupProgress {
  readonly copiedBytes: number;
  /** Total size of the copy. Equals `copiedBytes` at the end. */
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
   * Called with the progress at the beginning, from time to time, and at the end of the copy. The copy is checked
   * afterwards. When this function throws, the backup fails with INVALID_INPUT.
   *
   * @defaultValue progress is not reported
   */
  onProgress?: ((progress: BackupProgress) => void) | undefined;
}
