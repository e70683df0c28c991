/** How far a backup is. */
export interface BackupProgress {
  readonly copiedBytes: number;
  /** All of them: at the end as many were copied. */
  readonly totalBytes: number;
}

/** How to make a backup. */
export interface BackupOptions {
  /**
   * Told from time to time how far it is, at the beginning and at the end of the copy, too; the copy is looked at
   * afterwards. When it throws, the backup ends with INVALID_INPUT. Default: nobody is told.
   */
  onProgress?: ((progress: BackupProgress) => void) | undefined;
}
