/** Options of `transfer`, which gives an agent to another owner. */
export interface TransferOptions {
  /** New owner of the agent. */
  to: string;
  /**
   * Required owner of the stored agent. The call fails with CONFLICT when the agent has another owner.
   *
   * @defaultValue no condition
   */
  ifOwner?: string | undefined;
}
