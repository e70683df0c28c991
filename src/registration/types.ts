import type { AgentInput } from '../agents/types';
import type { CertificateInput } from '../certificates/types';
import type { SecurityEventInput } from '../events/types';

/** Agent to register together with its certificate. */
export interface RegistrationInput {
  certificate: CertificateInput;
  /** Agent to register. Its `certificateId` must be absent, or equal the id of `certificate`. */
  agent: Omit<AgentInput, 'certificateId'> & { certificateId?: string | undefined };
  /**
   * Security event to record together with the registration.
   *
   * @defaultValue none
   */
  event?: SecurityEventInput | undefined;
}

/** Ids of the records that the registration has stored. */
export interface Registration {
  readonly certificateId: string;
  readonly agentId: string;
  readonly eventId?: string;
}
