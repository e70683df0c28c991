/** Options of giving an agent to another owner. */
export interface TransferOptions {
  /** New owner. */
  to: string;
  /**
   * Required owner of the stored agent: the call fails with CONFLICT when it differs.
   *
   * @defaultValue no condition
   */
  ifOwner?: string | undefined;
}
