import type { AgentInput } from '../agents/types';
import type { CertificateInput } from '../certificates/types';
import type { SecurityEventInput } from '../events/types';

/** Agent to register together with its certificate. */
export interface RegistrationInput {
  certificate: CertificateInput;
  /** `certificateId` must be absent or the id of the certificate. */
  agent: Omit<AgentInput, 'certificateId'> & { certificateId?: string | undefined };
  /**
   * Event to record.
   *
   * @defaultValue none
   */
  event?: SecurityEventInput | undefined;
}

/** Ids of the stored records. */
export interface Registration {
  readonly certificateId: string;
  readonly agentId: string;
  readonly eventId?: string;
}
