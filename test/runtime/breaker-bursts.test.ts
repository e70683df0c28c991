import { setTimeout as sleep } from 'node:timers/promises';
import { expectError } from '../support/expect-error';
import { createCertificate } from '../support/factories';
import { openFailingDatabase } from '../support/outage';
import { createSignal } from '../support/signal';
import { testOn } from '../support/skip';

describe('the circuit breaker', () => {
  // On PostgreSQL, an outage makes the calls in flight fail at once.
  testOn(
    'sqlite',
    'the circuit breaker counts a call that began before the last failure and fails more than a second later',
    async () => {
      const { db, events, breakDown } = await openFailingDatabase({
        retry: false,
        breaker: { failures: 2, resetMs: 60_000 },
      });
      const [begun, mayEnd] = [createSignal(), createSignal()];
      const holder = db.transaction(async () => {
        begun.give();
        await mayEnd.given;
      });
      await begun.given;
      const waiting = expectError('UNAVAILABLE', () => createCertificate(db));
      await breakDown();
      await expectError('UNAVAILABLE', () => db.getCertificate('c'));
      await sleep(1100);
      mayEnd.give();
      await Promise.all([expectError('UNAVAILABLE', () => holder), waiting]);
      expect(events.flatMap((event) => (event.type === 'breaker' ? [event.state] : []))).toEqual(['open']);
    },
  );
});
