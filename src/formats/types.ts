import type { AgentInput } from '../agents/types';

/**
 * Agent that a document of another format describes. Before you register the agent, add `certificateId` and
 * `publicKey`, which such a document does not contain, and `owner` if it is undefined.
 */
export interface FormatAgent extends Omit<AgentInput, 'certificateId' | 'publicKey' | 'owner'> {
  /** Owner that the document states; undefined when it states none. */
  owner?: string | undefined;
}

/** Result of converting a document of another format to an agent. */
export interface FormatResult {
  readonly agent: FormatAgent;
  /**
   * Warnings about parts of the document that were left out of the agent, and about secret values that were replaced.
   * Each warning names a field, and contains no value of the document.
   */
  readonly warnings: readonly string[];
}
