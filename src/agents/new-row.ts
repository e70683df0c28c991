import type { MetadataRow } from '../metadata/metadata-rows';
import type { AgentStatus, HealthStatus } from './types';
import type { NameKeys } from './unique-key';

/** Stored endpoint, in the order of the columns of its record set. */
export type EndpointRow = readonly [
  id: string,
  position: number,
  protocol: string,
  address: string,
  port: number,
  healthStatus: HealthStatus,
  lastCheckedMs: number,
  healthMessage: string | null,
  metadata: string | null,
];

/** Columns of the table `agents`. Times are in milliseconds since 1970. */
export interface AgentColumns {
  readonly id: string;
  readonly name: string;
  readonly nameFolded: string;
  readonly publicKey: string;
  readonly certificateId: string;
  readonly defaultEndpointId: string | null;
  readonly version: string;
  readonly versionKey: string | null;
  readonly description: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt: number;
  readonly status: AgentStatus;
  readonly owner: string;
  /** Key of the name and version that this agent holds: see `toUniqueKey`. Null when it holds nothing. */
  readonly uniqueKey: string | null;
}

/** Endpoints, capabilities and metadata of an agent. */
export interface AgentCollections {
  readonly endpoints: readonly EndpointRow[];
  readonly capabilities: readonly string[];
  readonly metadata: readonly MetadataRow[];
}

/** Validated agent, ready to be inserted. */
export interface NewAgentRow {
  readonly columns: AgentColumns;
  readonly nameKeys: NameKeys;
  readonly collections: AgentCollections;
}

/** Validated change of an agent. Absent fields are not changed. */
export interface AgentChange {
  readonly id: string;
  readonly columns: Readonly<Partial<Omit<AgentColumns, 'id'>>> & { readonly updatedAt: number };
  readonly collections: Readonly<Partial<AgentCollections>>;
  /** Entries of metadata to set; all other entries stay. */
  readonly mergedMetadata?: readonly MetadataRow[] | undefined;
}
