import { DatabaseService } from 'ans-database';
import { instrument } from 'ans-database/opentelemetry';
import { pino } from 'pino';
import { buildApp } from './app.js';
import { startTracing } from './tracing.js';

const logger = pino({ level: process.env['LOG_LEVEL'] ?? 'info' });
const tracing = startTracing();

const db = new DatabaseService({
  url: process.env['DATABASE_URL'],
  logger: logger.child({ component: 'database' }),
});
instrument(db);
await db.initialize();

const app = await buildApp(db, logger);
await app.listen({ host: process.env['HOST'] ?? '127.0.0.1', port: Number(process.env['PORT'] ?? 3000) });

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void shutDown(signal));

/** Finishes the requests in flight, then the calls to the database. The process ends by itself afterwards. */
async function shutDown(signal: string): Promise<void> {
  logger.info({ signal }, 'shutting down');
  await app.close();
  await db.close();
  await tracing?.shutdown();
  logger.info('stopped');
}
