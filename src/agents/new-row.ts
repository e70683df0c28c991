import type { MetadataRow } from '../metadata/metadata-rows';
import type { AgentModel, EndpointModel } from '../generated/prisma/models';
import type { BoundRow, ValuesOf } from '../sql/model';
import type { StoredCapabilities } from './capability-statements';
import type { NameKeys } from './unique-key';

/** Values of the columns of an endpoint, in the order of the table columns. */
export type EndpointRow = ValuesOf<
  BoundRow<EndpointModel>,
  ['id', 'position', 'protocol', 'address', 'port', 'healthStatus', 'lastChecked', 'healthMessage', 'metadata']
>;

/** Values of the columns of the table `agents`. Times are in milliseconds since 1970. */
export type AgentColumns = BoundRow<AgentModel>;

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
  /**
   * Owner to whom the call is limited: no agent of another owner may hold the certificate. Undefined for all owners.
   */
  readonly scopeOwner: string | undefined;
}

/** Validated change of an agent. Absent fields are not changed. */
export interface AgentChange {
  readonly id: string;
  readonly columns: Readonly<Partial<Omit<AgentColumns, 'id'>>> & { readonly updatedAt: number };
  readonly collections: Readonly<Partial<AgentCollections>>;
  /** Entries of metadata to add or replace; all other stored entries stay. */
  readonly mergedMetadata?: readonly MetadataRow[] | undefined;
  /**
   * Owner to whom the call is limited: an agent of another owner counts as absent, and no agent of another owner may
   * hold a new certificate. Undefined for all owners.
   */
  readonly scopeOwner: string | undefined;
}

type BeforeChange = 'status' | 'updatedAt' | 'certificateId' | 'name' | 'version' | 'owner' | 'uniqueKey';

/** Stored values of an agent that decide about a change. */
export interface AgentBeforeChange extends Pick<AgentColumns, BeforeChange> {
  /** True when the agent has so many metadata entries that SQLite must delete them in several statements. */
  readonly hasMuchMetadata: boolean;
  /** Stored capabilities of the agent. Empty when the change does not replace the capabilities. */
  readonly capabilities: StoredCapabilities;
}
