import type {
  AgentInput,
  AgentStatus,
  AgentUpdate,
  CertificateInput,
  CertificateQuery,
  CertificateStatus,
  CreateManyOptions,
  EndpointHealthInput,
  EventGrouping,
  Metadata,
  MitigationInput,
  PruneEventsOptions,
  RegistrationInput,
  ResolutionQuery,
  RevocationOptions,
  SecurityEventInput,
  SecurityEventQuery,
  CreateOptions,
  RotateOptions,
} from '../../src';

/** On which condition an agent is changed; `current` stands for what its `updatedAt` is when the call is made. */
interface Guarded {
  readonly ifUpdatedAt?: Date | 'current' | undefined;
}

/** A call of the public surface. */
export type Operation =
  | { readonly kind: 'createCertificate'; readonly input: CertificateInput }
  | { readonly kind: 'getCertificate'; readonly id: string }
  | { readonly kind: 'getCertificateByFingerprint'; readonly fingerprint: string }
  | { readonly kind: 'updateCertificateStatus'; readonly id: string; readonly status: CertificateStatus }
  | { readonly kind: 'queryCertificates'; readonly query: CertificateQuery }
  | { readonly kind: 'queryExpiring'; readonly withinMs: number }
  | { readonly kind: 'setCertificateMetadata'; readonly id: string; readonly metadata: Metadata }
  | { readonly kind: 'deleteCertificate'; readonly id: string }
  | { readonly kind: 'revoke'; readonly id: string; readonly options: RevocationOptions }
  | {
      readonly kind: 'rotate';
      readonly oldId: string;
      readonly input: CertificateInput;
      readonly options?: RotateOptions;
    }
  | { readonly kind: 'expireDueCertificates' }
  | { readonly kind: 'createAgent'; readonly input: AgentInput; readonly options?: CreateOptions | undefined }
  | { readonly kind: 'createMany'; readonly inputs: readonly AgentInput[]; readonly options: CreateManyOptions }
  | { readonly kind: 'getAgent'; readonly id: string }
  | { readonly kind: 'getManyAgents'; readonly ids: readonly string[] }
  | ({
      readonly kind: 'updateAgent';
      readonly id: string;
      readonly input: Omit<AgentUpdate, 'id'>;
      readonly allowRevokedCertificate?: boolean | undefined;
    } & Guarded)
  | { readonly kind: 'deleteAgent'; readonly id: string }
  | { readonly kind: 'queryAgents'; readonly query: ResolutionQuery }
  | { readonly kind: 'pageAgents'; readonly query: ResolutionQuery; readonly size?: number | undefined }
  | { readonly kind: 'iterateAgents'; readonly query: ResolutionQuery }
  | { readonly kind: 'countAgents'; readonly query: ResolutionQuery }
  | ({ readonly kind: 'setStatus'; readonly id: string; readonly status: AgentStatus } & Guarded)
  | ({ readonly kind: 'setCapabilities'; readonly id: string; readonly names: readonly string[] } & Guarded)
  | ({ readonly kind: 'setMetadata' | 'mergeMetadata'; readonly id: string; readonly metadata: Metadata } & Guarded)
  | {
      readonly kind: 'setEndpointHealth';
      readonly id: string;
      readonly endpointId: string;
      readonly health: EndpointHealthInput;
    }
  | ({ readonly kind: 'renew'; readonly id: string; readonly expiresAt: Date } & Guarded)
  | { readonly kind: 'expireDueAgents' }
  | { readonly kind: 'register'; readonly input: RegistrationInput; readonly options?: CreateOptions | undefined }
  | { readonly kind: 'recordSecurityEvent'; readonly input: SecurityEventInput }
  | { readonly kind: 'recordMany'; readonly inputs: readonly SecurityEventInput[] }
  | { readonly kind: 'getEvent'; readonly id: string }
  | { readonly kind: 'querySecurityEvents'; readonly query: SecurityEventQuery }
  | { readonly kind: 'pageEvents'; readonly query: SecurityEventQuery; readonly size?: number | undefined }
  | { readonly kind: 'iterateEvents'; readonly query: SecurityEventQuery }
  | { readonly kind: 'countEvents'; readonly query: SecurityEventQuery }
  | { readonly kind: 'aggregate'; readonly query: SecurityEventQuery; readonly by: EventGrouping }
  | { readonly kind: 'markMitigated'; readonly id: string; readonly mitigation: MitigationInput }
  | { readonly kind: 'prune'; readonly options: PruneEventsOptions }
  | { readonly kind: 'verify' };

const reads = /^(get|query|page|iterate|count|aggregate|verify)/;

/** Reports whether a call changes nothing. */
export function isRead({ kind }: Operation): boolean {
  return reads.test(kind);
}

/** Reports whether a call is atomic: it does not read or write in several steps. */
export function isAtomic(operation: Operation): boolean {
  if (operation.kind === 'prune') return operation.options.batchSize === undefined;
  return !/^(page|iterate|verify)/.test(operation.kind);
}
