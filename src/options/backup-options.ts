/** Progress of a backup. */
export interface BackupProgress {
  readonly copiedBytes: number;
  /** All of them: at the end as many were copied. */
  readonly totalBytes: number;
}

/** Options of a backup. */
export interface BackupOptions {
  /**
   * Called from time to time with the progress, also at the beginning and at the end of the copy; the copy is checked
   * afterwards. When it throws, the backup fails with INVALID_INPUT. Default: no progress is reported.
   */
  onProgress?: ((progress: BackupProgress) => void) | undefined;
}
