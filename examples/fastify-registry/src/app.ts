import type { DatabaseService } from 'ans-database';
import { toProblemDetails, type ProblemDetails } from 'ans-database/errors';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { agentRoutes } from './agents.js';
import { eventRoutes } from './events.js';
import { healthRoutes } from './health.js';
import { tracingPlugin } from './tracing.js';

/** Creates the service. It does not listen yet. */
export async function buildApp(db: DatabaseService, logger: FastifyBaseLogger): Promise<FastifyInstance> {
  const app = Fastify({ loggerInstance: logger });
  await app.register(tracingPlugin);
  endConnectionsOnClose(app);
  app.setErrorHandler((error, request, reply) => {
    const problem = describe(error);
    if (problem.status >= 500) request.log.error({ err: error }, 'request failed');
    return reply.status(problem.status).type('application/problem+json').send(problem);
  });
  app.setNotFoundHandler((_, reply) => {
    const problem = { type: 'about:blank', title: 'Not Found', status: 404 };
    return reply.status(404).type('application/problem+json').send(problem);
  });
  await app.register(agentRoutes, { db });
  await app.register(eventRoutes, { db });
  await app.register(healthRoutes, { db });
  return app;
}

/** Ends the connections whose requests are in flight at the shutdown. They would otherwise stay open for another request. */
function endConnectionsOnClose(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isClosing) reply.header('connection', 'close');
    done();
  });
}

/** Describes an error of the database, or one of Fastify, such as a body that does not match its schema. */
function describe(error: unknown): Pick<ProblemDetails, 'type' | 'title' | 'status' | 'detail'> {
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    return { type: 'about:blank', title: error.name, status: error.statusCode, detail: error.message };
  }
  return toProblemDetails(error);
}
