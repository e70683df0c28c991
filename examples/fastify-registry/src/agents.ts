import { randomUUID } from 'node:crypto';
import type {
  AgentInput,
  AgentRecord,
  DatabaseService,
  ResolutionQuery,
  RevocationReason,
  SecurityEventInput,
} from 'ans-database';
import { certificateFromPem } from 'ans-database/x509';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { object, text, texts } from './schemas.js';

interface Registration {
  /** Certificate in PEM format. */
  certificate: string;
  agent: Pick<AgentInput, 'name' | 'version' | 'owner' | 'description' | 'endpoints' | 'capabilities' | 'metadata'>;
}

type Filters = Pick<ResolutionQuery, 'name' | 'owner' | 'version' | 'capabilities' | 'protocol'>;

interface ById {
  Params: { id: string };
}

/** Fields that a client may set. The database validates their values, and names the wrong one in its error. */
const agentFields = {
  name: {},
  version: {},
  owner: {},
  description: {},
  endpoints: {},
  capabilities: {},
  metadata: {},
};

/** Registers, resolves, renews and revokes agents. */
export function agentRoutes(app: FastifyInstance, { db }: { db: DatabaseService }, done: () => void): void {
  const registration = object({ certificate: text, agent: object(agentFields) }, ['certificate', 'agent']);
  app.post<{ Body: Registration }>('/agents', { schema: { body: registration } }, async (request, reply) => {
    const certificate = certificateFromPem(request.body.certificate);
    const id = randomUUID();
    const agent = { ...request.body.agent, id, publicKey: certificate.publicKey, expiresAt: certificate.notAfter };
    const event = eventOf(request, 'AGENT_REGISTERED', id);
    const ids = await db.register({ certificate, agent, event });
    return reply.status(201).header('location', `/agents/${ids.agentId}`).send(ids);
  });

  const filters = object({ name: text, owner: text, version: text, capabilities: texts, protocol: text });
  app.get<{ Querystring: Filters }>('/agents', { schema: { querystring: filters } }, async (request) => {
    const query = { ...request.query, allCapabilities: true };
    const agents = await db.queryAgents({ ...query, status: ['ACTIVE'], includeExpired: false, limit: 100 });
    return withValidCertificate(db, agents);
  });

  app.get<ById>('/agents/:id', async (request, reply) => {
    return (await db.getAgent(request.params.id)) ?? reply.callNotFound();
  });

  const renewal = object({ expiresAt: { type: 'string', format: 'date-time' } }, ['expiresAt']);
  app.post<ById & { Body: { expiresAt: string } }>(
    '/agents/:id/renew',
    { schema: { body: renewal } },
    async (request, reply) => {
      const isFound = await db.agents.renew(request.params.id, new Date(request.body.expiresAt));
      return isFound ? reply.status(204).send() : reply.callNotFound();
    },
  );

  const revocation = object({ reason: text }, ['reason']);
  app.post<ById & { Body: { reason: RevocationReason } }>(
    '/agents/:id/revoke',
    { schema: { body: revocation } },
    async (request, reply) => {
      const { id } = request.params;
      const { reason } = request.body;
      const outcome = await db.transaction(
        async (tx) => {
          const agent = await tx.getAgent(id);
          if (agent === null) return null;
          // All agents that use the certificate are revoked with it.
          const revoked = await tx.certificates.revoke(agent.certificateId, { reason, agents: 'revoke' });
          await tx.recordSecurityEvent(eventOf(request, 'AGENT_REVOKED', id));
          return revoked;
        },
        { name: 'revoke agent' },
      );
      return outcome ?? reply.callNotFound();
    },
  );
  done();
}

/** Keeps the agents whose certificate is VALID now. */
async function withValidCertificate(db: DatabaseService, agents: readonly AgentRecord[]): Promise<AgentRecord[]> {
  const now = new Date();
  const ids = agents.map(({ certificateId }) => certificateId);
  const certificates = await db.certificates.query({ ids, status: ['VALID'], expiresAfter: now });
  const valid = new Set(certificates.filter(({ notBefore }) => notBefore <= now).map(({ id }) => id));
  return agents.filter(({ certificateId }) => valid.has(certificateId));
}

function eventOf(request: FastifyRequest, eventType: string, target: string): SecurityEventInput {
  const description = `${request.method} ${request.routeOptions.url ?? ''}`;
  return { eventType, severity: 'INFO', source: request.ip, target, description };
}
