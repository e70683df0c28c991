import type { AgentInput } from '../agents/types';

/**
 * Agent that a document of another format describes. It lacks what such a document does not contain: add
 * `certificateId` and `publicKey`, and `owner` where it is undefined.
 */
export interface FormatAgent extends Omit<AgentInput, 'certificateId' | 'publicKey' | 'owner'> {
  /** Owner that the document states. */
  owner?: string | undefined;
}

/** Result of converting a document of another format. */
export interface FormatResult {
  readonly agent: FormatAgent;
  /**
   * Parts of the document that the agent lacks or that were replaced, such as a secret value. Each warning names the
   * field, and contains none of its values.
   */
  readonly warnings: readonly string[];
}
