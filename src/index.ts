export type { AgentBatchWriter } from './agents/agent-batch-writer';
export type { AgentReader } from './agents/agent-reader';
export type { AgentPatch, DeleteWhereOptions, UpdateWhereOptions } from './agents/where-types';
export type { AgentSelectionWriter } from './agents/agent-selection-writer';
export type { AgentService } from './agents/agent-service';
export type { AgentWriter } from './agents/agent-writer';
export {
  type AgentInput,
  type AgentRecord,
  AgentStatus,
  type AgentUpdate,
  type ChangeOptions,
  type CreateManyOptions,
  type CreateOptions,
  type Endpoint,
  type EndpointHealth,
  type EndpointHealthInput,
  type EndpointHealthReport,
  type EndpointInput,
  type EndpointReference,
  HealthStatus,
  type RevokedCertificateOptions,
  Uniqueness,
  type UpdateOptions,
} from './agents/types';
export type { AgentVersion, DeprecateOptions, Deprecation, VersionsRequest } from './agents/version-types';
export type { UpdateManyOptions, UpdateResult, UpsertManyOptions, UpsertResult } from './agents/batch-types';
export type { BatchOptions, CreateResult, RefusedResult } from './options/batch-options';
export type { Facet, FacetBucket, FacetKey, FacetProperty, FacetRequest, FacetsOf } from './agents/facets/types';
export type { AgentExclusion, AgentFilterQuery, AgentOrderField, ResolutionQuery } from './agents/query/types';
export type { BackupOptions, BackupProgress } from './options/backup-options';
export type { CertificateReader } from './certificates/certificate-reader';
export type { CertificateService } from './certificates/certificate-service';
export type { CertificateWriter } from './certificates/certificate-writer';
export { isStale } from './cache/stale';
export {
  type Certificate,
  type CertificateInput,
  CertificateStatus,
  type RevocationOptions,
  type RevocationOutcome,
  RevocationReason,
  type RotateOptions,
} from './certificates/types';
export type { CertificateOrderField, CertificateQuery } from './certificates/query/types';
export type { CheckOptions, CheckReport } from './integrity/types';
export { type CheckedEntity, type CheckFinding, CheckName } from './storage/findings';
export type { PoolHealth, ReplicaFault, ReplicaHealth } from './storage/health-probe';
export {
  type AbortSignalLike,
  type Change,
  ChangeKind,
  type ChangesQuery,
  type FollowOptions,
  type PruneChangesOptions,
} from './changes/types';
export type { DatabaseAdministration } from './database-administration';
export type { DatabaseCalls } from './database-calls';
export type { TransferOptions } from './agents/transfer-types';
export { DatabaseService } from './database-service';
export { DatabaseServiceFactory } from './database-service-factory';
export type { MaintenanceOptions, MaintenanceReport, PruneBefore } from './maintenance-types';
export type { CacheStats, DatabaseStats } from './health/stats';
export type { DatabaseHealth, HealthOptions } from './health/types';
export type {
  BreakerEvent,
  BreakerState,
  CacheEvent,
  CallEvent,
  DatabaseEvent,
  ErrorEvent,
  Logger,
  MigrationEvent,
  QueryEvent,
  RetryEvent,
  TransactionEvent,
} from './diagnostics/types';
export {
  DatabaseError,
  databaseErrorCodes,
  isDatabaseError,
  type DatabaseErrorCode,
  type ErrorEntity,
  type SerializedDatabaseError,
} from './errors/database-error';
export { driverErrorOf } from './errors/driver-error';
export type { EventReader } from './events/event-reader';
export type { EventService } from './events/event-service';
export type { EventWriter } from './events/event-writer';
export {
  type EventChainBreak,
  EventChainBreakReason,
  type EventChainCheckpoint,
  type EventChainHead,
  type EventChainVerification,
  type EventCount,
  type EventGrouping,
  type MitigationInput,
  type PruneEventsOptions,
  type SecurityEvent,
  type SecurityEventInput,
  SecurityEventType,
  SecuritySeverity,
  type VerifyEventsOptions,
} from './events/types';
export type { SecurityEventQuery } from './events/query/types';
export type { OrderDirection } from './query/order-direction';
export type { LimitOptions } from './validation/limits';
export type { Page, PageOptions } from './query/page';
export type { JsonValue, Metadata } from './metadata/types';
export type { BreakerOptions, CacheOptions, PoolOptions, RetryOptions } from './options/option-groups';
export type { DatabaseOptions, Durability, MigrationMode, SqliteDriverName } from './options/types';
export type { ReadOptions } from './options/read-options';
export { TransactionIsolation, type TransactionOptions } from './options/transaction-options';
export type { Registration, RegistrationInput } from './registration/types';
export type { NativeRow, NativeValue } from './storage/native-access';
export { formatAgentName, parseAgentName } from './resolution/agent-name';
export type {
  AgentName,
  AnsV1Name,
  AnsV2Name,
  ResolveByAgentName,
  ResolveByName,
  ResolveRequest,
  ResolveResult,
} from './resolution/types';
export type { OwnerAgentCalls, OwnerAgents } from './tenancy/owner-agents';
export type { OwnerCertificateCalls, OwnerCertificates } from './tenancy/owner-certificates';
export type { OwnerScope } from './tenancy/owner-scope';
export type { OwnerScopes } from './tenancy/owner-scopes';
export type { OwnerTransactionScope } from './tenancy/owner-transaction-scope';
export {
  type Owned,
  type OwnedAgentInput,
  type OwnedRegistrationInput,
  type OwnerScopeOptions,
  ScopeAccess,
} from './tenancy/types';
export type { TransactionScope } from './transaction-scope';
