import type { DatabaseService, SecuritySeverity } from 'ans-database';
import type { FastifyInstance } from 'fastify';
import { object, text } from './schemas.js';

interface EventFilters {
  source?: string;
  target?: string;
  minSeverity?: SecuritySeverity;
  after?: string;
}

/** Lists security events, newest first, in pages. */
export function eventRoutes(app: FastifyInstance, { db }: { db: DatabaseService }, done: () => void): void {
  const filters = object({ source: text, target: text, minSeverity: text, after: text });
  app.get<{ Querystring: EventFilters }>('/events', { schema: { querystring: filters } }, (request) => {
    const { after, ...query } = request.query;
    return db.events.page(query, { after, size: 50 });
  });
  done();
}
