import type { ExpressionBuilder, Kysely } from 'kysely';
import type { AgentRecord, Certificate, Metadata, SecurityEvent } from '../../../../src';
import { Keyset, type Reads } from '../../contender';
import { fingerprintKey } from '../derived-columns';
import type { Engine } from './engine';
import type { Tables } from './tables';

type Row<Q extends (...args: never[]) => { executeTakeFirstOrThrow(): Promise<unknown> }> = Awaited<
  ReturnType<ReturnType<Q>['executeTakeFirstOrThrow']>
>;
type AgentRow = Row<ReturnType<typeof queriesOf>['agents']>;
type EventRow = Row<ReturnType<typeof queriesOf>['events']>;
type CertificateRow = Row<ReturnType<typeof queriesOf>['certificates']>;

export function reads(db: Kysely<Tables>, engine: Engine): Reads {
  const { agents, events, certificates } = queriesOf(db, engine);
  const records = recordsOf(engine);
  const newestFirst = () => agents().orderBy('agents.updated_at', 'desc').orderBy('agents.id');
  const holders = (names: readonly string[]) =>
    db
      .selectFrom('agent_capabilities')
      .innerJoin('capabilities', 'capabilities.id', 'agent_capabilities.capability_id')
      .where('capabilities.name', 'in', names)
      .select('agent_capabilities.agent_id');
  const keyset = new Keyset();
  return {
    getAgent: async (id) => {
      const row = await agents().where('agents.id', '=', id).executeTakeFirst();
      return row === undefined ? null : records.toAgent(row);
    },
    searchAgents: async (name, names, limit) => {
      const query = newestFirst().where('name_folded', 'like', `%${name.toLowerCase()}%`);
      return (await query.where('agents.id', 'in', holders(names)).limit(limit).execute()).map(records.toAgent);
    },
    agentsWithAll: async (names, limit) => {
      const able = holders(names)
        .groupBy('agent_capabilities.agent_id')
        .having((eb) => eb.fn.countAll(), '=', names.length);
      return (await newestFirst().where('agents.id', 'in', able).limit(limit).execute()).map(records.toAgent);
    },
    agentsByFingerprint: async (fingerprint) => {
      const query = newestFirst().innerJoin('certificates', 'certificates.id', 'agents.certificate_id');
      const rows = await query.where('certificates.fingerprint_key', '=', fingerprintKey(fingerprint)).execute();
      return rows.map(records.toAgent);
    },
    agentsOfOwner: async (owner, limit) =>
      (await newestFirst().where('owner', '=', owner).limit(limit).execute()).map(records.toAgent),
    agentsAtOffset: async (offset, limit) =>
      (await newestFirst().limit(limit).offset(offset).execute()).map(records.toAgent),
    nextPage: async (isFirst, size) => {
      const last = keyset.after(isFirst);
      let query = newestFirst().limit(size);
      if (last !== undefined) {
        const time = engine.toTime(last.updatedAt);
        query = query
          .where('updated_at', '<=', time)
          .where((eb) => eb.or([eb('updated_at', '<', time), eb('agents.id', '>', last.id)]));
      }
      return keyset.moveTo((await query.execute()).map(records.toAgent));
    },
    queryEvents: async (from, to, severities, limit) => {
      const rows = await events()
        .where('timestamp', '>=', engine.toTime(from))
        .where('timestamp', '<=', engine.toTime(to))
        .where('severity', 'in', severities)
        .orderBy('timestamp', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(records.toEvent);
    },
    getCertificateByFingerprint: async (fingerprint) => {
      const row = await certificates().where('fingerprint_key', '=', fingerprintKey(fingerprint)).executeTakeFirst();
      return row === undefined ? null : records.toCertificate(row);
    },
  };
}

function queriesOf(db: Kysely<Tables>, { jsonArrayFrom }: Engine) {
  const collections = (eb: ExpressionBuilder<Tables, 'agents'>) =>
    [
      jsonArrayFrom(
        eb
          .selectFrom('endpoints')
          .whereRef('endpoints.agent_id', '=', 'agents.id')
          .select(['endpoints.id', 'protocol', 'address', 'port'])
          .select(['health_status', 'last_checked', 'health_message', 'endpoints.metadata'])
          .orderBy('position'),
      ).as('endpoints'),
      jsonArrayFrom(
        eb
          .selectFrom('agent_capabilities')
          .innerJoin('capabilities', 'capabilities.id', 'agent_capabilities.capability_id')
          .whereRef('agent_capabilities.agent_id', '=', 'agents.id')
          .select('capabilities.name')
          .orderBy('capabilities.name'),
      ).as('capabilities'),
      jsonArrayFrom(
        eb
          .selectFrom('agent_metadata')
          .whereRef('agent_metadata.agent_id', '=', 'agents.id')
          .select(['agent_metadata.key', 'agent_metadata.value']),
      ).as('metadata'),
    ] as const;
  return {
    agents: () =>
      db
        .selectFrom('agents')
        .select(['agents.id', 'agents.name', 'agents.public_key', 'certificate_id', 'default_endpoint_id', 'version'])
        .select(['description', 'agents.created_at', 'updated_at', 'expires_at', 'agents.status', 'owner'])
        .select(collections),
    events: () =>
      db
        .selectFrom('security_events')
        .select(['id', 'timestamp', 'event_type', 'severity', 'source', 'target', 'description'])
        .select(['mitigation_applied', 'mitigation_details'])
        .select((eb) =>
          jsonArrayFrom(
            eb
              .selectFrom('security_event_metadata')
              .whereRef('event_id', '=', 'security_events.id')
              .select(['key', 'value']),
          ).as('metadata'),
        ),
    certificates: () =>
      db
        .selectFrom('certificates')
        .select(['id', 'subject', 'issuer', 'not_before', 'not_after', 'public_key', 'certificate', 'fingerprint'])
        .select(['status', 'created_at'])
        .select((eb) =>
          jsonArrayFrom(
            eb
              .selectFrom('certificate_metadata')
              .whereRef('certificate_id', '=', 'certificates.id')
              .select(['key', 'value']),
          ).as('metadata'),
        ),
  };
}

function recordsOf({ parsed }: Engine) {
  const toEndpoint = (row: AgentRow['endpoints'][number]): AgentRecord['endpoints'][number] => {
    const { id, protocol, address, port, health_status: status, health_message: message, metadata } = row;
    return {
      ...{ id, protocol, address, port },
      health: { status, lastChecked: new Date(row.last_checked), ...(message === null ? undefined : { message }) },
      ...(metadata === null ? undefined : { metadata: JSON.parse(metadata) as Metadata }),
    };
  };
  const toMetadata = (rows: { key: string; value: string }[]): Metadata =>
    Object.fromEntries(parsed(rows).map(({ key, value }) => [key, JSON.parse(value) as Metadata[string]]));
  return {
    toAgent: (row: AgentRow): AgentRecord => {
      const endpoints = parsed(row.endpoints).map(toEndpoint);
      const defaultEndpoint = endpoints.find(({ id }) => id === row.default_endpoint_id);
      const { id, name, version, status, owner, description } = row;
      return {
        ...{ id, name, version, status, owner, endpoints },
        publicKey: row.public_key,
        certificateId: row.certificate_id,
        ...(defaultEndpoint === undefined ? undefined : { defaultEndpoint }),
        capabilities: parsed(row.capabilities).map((capability) => capability.name),
        ...(description === null ? undefined : { description }),
        metadata: toMetadata(row.metadata),
        createdAt: new Date(row.created_at),
        updatedAt: new Date(row.updated_at),
        expiresAt: new Date(row.expires_at),
      };
    },
    toEvent: (row: EventRow): SecurityEvent => {
      const { id, severity, source, target, description, mitigation_details: mitigationDetails } = row;
      return {
        ...{ id, severity, source, target, description },
        timestamp: new Date(row.timestamp),
        eventType: row.event_type,
        metadata: toMetadata(row.metadata),
        mitigationApplied: Boolean(row.mitigation_applied),
        ...(mitigationDetails === null ? undefined : { mitigationDetails }),
      };
    },
    toCertificate: (row: CertificateRow): Certificate => {
      const { id, subject, issuer, certificate, fingerprint, status } = row;
      return {
        ...{ id, subject, issuer, certificate, fingerprint, status },
        publicKey: row.public_key,
        notBefore: new Date(row.not_before),
        notAfter: new Date(row.not_after),
        createdAt: new Date(row.created_at),
        metadata: toMetadata(row.metadata),
      };
    },
  };
}
