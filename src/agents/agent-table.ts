import type { AgentModel } from '../generated/prisma/models';
import type { Columns } from '../sql/columns';

/** Database columns of the table `agents`, by the names of the fields in TypeScript. */
export const agentTable: Columns<AgentModel> = {
  id: ['id', 'text'],
  name: ['name', 'text'],
  nameFolded: ['name_folded', 'text'],
  publicKey: ['public_key', 'text'],
  certificateId: ['certificate_id', 'text'],
  defaultEndpointId: ['default_endpoint_id', 'text'],
  version: ['version', 'text'],
  versionKey: ['version_key', 'text'],
  description: ['description', 'text'],
  createdAt: ['created_at', 'time'],
  updatedAt: ['updated_at', 'time'],
  expiresAt: ['expires_at', 'time'],
  status: ['status', { enumeration: 'AgentStatus' }],
  owner: ['owner', 'text'],
  uniqueKey: ['unique_key', 'text'],
  deprecatedAt: ['deprecated_at', 'time'],
  deprecationReason: ['deprecation_reason', 'text'],
  successorId: ['successor_id', 'text'],
};
