import type { ColumnType, Generated } from 'kysely';
import type { AgentStatus, CertificateStatus, HealthStatus, SecuritySeverity } from '../../../../src';

/** Time as the driver represents it: milliseconds on SQLite, a Date on PostgreSQL. */
type Time = ColumnType<number | Date, number | Date, number | Date>;
/** Boolean as the driver represents it: 0 or 1 on SQLite, a boolean on PostgreSQL. */
type Flag = ColumnType<number | boolean, number | boolean, number | boolean>;

interface Entry {
  key: string;
  value: string;
}

export interface Tables {
  agents: {
    id: string;
    name: string;
    name_folded: string;
    public_key: string;
    certificate_id: string;
    default_endpoint_id: string | null;
    version: string;
    version_key: string | null;
    description: string | null;
    created_at: Time;
    updated_at: Time;
    expires_at: Time;
    status: AgentStatus;
    owner: string;
  };
  endpoints: {
    agent_id: string;
    id: string;
    position: number;
    protocol: string;
    address: string;
    port: number;
    health_status: HealthStatus;
    last_checked: Time;
    health_message: Generated<string | null>;
    metadata: Generated<string | null>;
  };
  capabilities: { id: string; name: string };
  agent_capabilities: { agent_id: string; capability_id: string };
  agent_metadata: Entry & { agent_id: string };
  certificates: {
    id: string;
    subject: string;
    issuer: string;
    not_before: Time;
    not_after: Time;
    public_key: string;
    certificate: string;
    fingerprint: string;
    fingerprint_key: string;
    status: CertificateStatus;
    created_at: Time;
  };
  certificate_metadata: Entry & { certificate_id: string };
  security_events: {
    id: string;
    timestamp: Time;
    event_type: string;
    severity: SecuritySeverity;
    source: string;
    target: string;
    description: string;
    mitigation_applied: Flag;
    mitigation_details: Generated<string | null>;
  };
  security_event_metadata: Entry & { event_id: string };
}
