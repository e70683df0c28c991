import type { DatabaseService } from 'ans-database';
import type { FastifyInstance } from 'fastify';

/**
 * `/health` describes the database, for people and monitoring. `/ready` is for a load balancer. A `degraded` database
 * still serves. While the service shuts down, Fastify answers 503 to all new requests.
 */
export function healthRoutes(app: FastifyInstance, { db }: { db: DatabaseService }, done: () => void): void {
  app.get('/health', () => db.health({ timeoutMs: 1000 }));

  app.get('/ready', async (_, reply) => {
    const { status } = await db.health({ timeoutMs: 1000 });
    return reply.status(status === 'down' ? 503 : 200).send({ status });
  });
  done();
}
