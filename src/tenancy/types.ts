import type { AgentInput } from '../agents/types';
import type { RegistrationInput } from '../registration/types';

/** Access of an owner scope: the calls that it allows. */
export const ScopeAccess = {
  /** Access that allows only reads. Every write fails with PERMISSION_DENIED. */
  READ: 'read',
  WRITE: 'write',
} as const;
export type ScopeAccess = (typeof ScopeAccess)[keyof typeof ScopeAccess];

/** Options of `db.forOwner`. */
export interface OwnerScopeOptions {
  /**
   * Access of the owner scope. With `read`, every write fails with PERMISSION_DENIED.
   *
   * @defaultValue `'write'`
   */
  access?: ScopeAccess | undefined;
}

/** Input of a call in an owner scope. Its `owner` is absent, or equals the owner of the scope. */
export type Owned<T extends { owner: string }> = Omit<T, 'owner'> & { owner?: string | undefined };

/** Agent to register in an owner scope. Its `owner` is absent, or equals the owner of the scope. */
export type OwnedAgentInput = Owned<AgentInput>;

/** Agent to register together with its certificate, in an owner scope. */
export interface OwnedRegistrationInput extends Pick<RegistrationInput, 'certificate'> {
  /**
   * Agent to register. Its `certificateId` is absent, or equals the id of `certificate`. Its `owner` is absent, or
   * equals the owner of the scope.
   */
  agent: Omit<OwnedAgentInput, 'certificateId'> & { certificateId?: string | undefined };
}
