import { DatabaseError, type Logger } from '../../src';
import { expectError } from '../support/expect-error';
import { createCertificate } from '../support/factories';
import { openFailingDatabase } from '../support/outage';
import { openTestDatabase } from '../support/test-database';

type Line = readonly [level: keyof Logger, message: string, details: object];

/** Returns a logger, and the lines that it has received with their levels. */
function recordLog(): { readonly logger: Logger; readonly lines: Line[] } {
  const lines: Line[] = [];
  const at =
    (level: keyof Logger): Logger['info'] =>
    (details, message) =>
      void lines.push([level, message, details]);
  return { logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines };
}

describe('log levels', () => {
  test('the logger receives level error when the circuit breaker opens, and level info when the breaker closes', async () => {
    const { logger, lines } = recordLog();
    const { db, breakDown, recover } = await openFailingDatabase({
      retry: false,
      breaker: { failures: 2, resetMs: 0 },
      logger,
    });
    await createCertificate(db, { id: 'c' });
    lines.length = 0;
    await breakDown();
    await expectError('UNAVAILABLE', () => db.getCertificate('c'));
    await expectError('UNAVAILABLE', () => db.getCertificate('c'));
    await recover();
    expect(await db.getCertificate('c')).toMatchObject({ id: 'c' });
    expect(lines.filter(([, message]) => message.startsWith('circuit breaker'))).toEqual([
      ['error', 'circuit breaker opened after 2 consecutive failures: calls fail at once', { breaker: 'open' }],
      ['info', 'circuit breaker half-open: one call probes the database', { breaker: 'half-open' }],
      ['info', 'circuit breaker closed: the database is reachable', { breaker: 'closed' }],
    ]);
  });

  test('the logger receives invalid input at level debug, retries at warn, and outages at error', async () => {
    const { logger, lines } = recordLog();
    const retry = { attempts: 2, baseDelayMs: 0, maxDelayMs: 0 };
    const { db, breakDown } = await openFailingDatabase({ retry, breaker: false, logger });
    lines.length = 0;
    await expectError('INVALID_INPUT', () => db.getAgent(''));
    await breakDown();
    await expectError('UNAVAILABLE', () => db.getAgent('a'));
    const line = { operation: 'agents.get', durationMs: expect.any(Number) as unknown };
    const retried = { operation: 'agents.get', code: 'UNAVAILABLE', attempt: 1, delayMs: 0 };
    expect(lines).toEqual([
      [
        'debug',
        expect.any(String),
        { ...line, err: expect.any(DatabaseError) as unknown, code: 'INVALID_INPUT', attempt: 1 },
      ],
      ['warn', 'retrying after a transient failure', retried],
      ['error', expect.any(String), expect.objectContaining({ code: 'UNAVAILABLE', attempt: 2 })],
    ]);
    // Only an INTERNAL error, which is a bug of the package, is logged with its cause.
    for (const [, , details] of lines) expect(details).not.toHaveProperty('cause');
  });

  test('the logger receives no line about migrations when no migration is pending', async () => {
    const { logger, lines } = recordLog();
    const { db } = await openTestDatabase({ logger });
    expect(await db.migrateDatabase()).toEqual([]);
    expect(lines.filter(([, message]) => message === 'migrations applied')).toEqual([]);
  });
});
