import type { AgentInput } from '../agents/types';

/**
 * Agent that a document of another format describes. Add `certificateId` and `publicKey`, which such a document does
 * not contain, and `owner` where it is undefined.
 */
export interface FormatAgent extends Omit<AgentInput, 'certificateId' | 'publicKey' | 'owner'> {
  /** Owner that the document states. */
  owner?: string | undefined;
}

/** Result of converting a document of another format. */
export interface FormatResult {
  readonly agent: FormatAgent;
  /**
   * Warnings about parts of the document that the agent lacks, or that were replaced, such as a secret value. Each
   * warning names the field, and contains none of its values.
   */
  readonly warnings: readonly string[];
}
