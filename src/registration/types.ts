import type { AgentInput } from '../agents/types';
import type { CertificateInput } from '../certificates/types';
import type { SecurityEventInput } from '../events/types';

/** An agent that comes with its certificate. */
export interface RegistrationInput {
  certificate: CertificateInput;
  /** `certificateId` may be left out: it is that of the certificate. */
  agent: Omit<AgentInput, 'certificateId'> & { certificateId?: string | undefined };
  /** Event to record. Default: none. */
  event?: SecurityEventInput | undefined;
}

/** The ids of what was stored. */
export interface Registration {
  readonly certificateId: string;
  readonly agentId: string;
  readonly eventId?: string;
}
