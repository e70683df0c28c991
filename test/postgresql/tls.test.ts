import { DatabaseService, type DatabaseEvent } from '../../src';
import { createCertificate } from '../support/factories';
import { expectError } from '../support/expect-error';
import { describeUnless } from '../support/skip';
import { newDatabaseUrl } from '../support/test-database';
import { Authority, TlsFront, whyNoCertificates, type CertificateFiles } from '../support/tls-front';

/** In days from now. */
const expired = -1;

async function startFront(files: CertificateFiles): Promise<{ readonly front: TlsFront; readonly url: string }> {
  const url = await newDatabaseUrl();
  return { front: await TlsFront.start(url, files), url };
}

describeUnless(whyNoCertificates, 'an encrypted connection', () => {
  test('is accepted when the certificate is valid and its authority is configured', async () => {
    const authority = new Authority();
    const { front, url } = await startFront(authority.issue('localhost', 10));
    const parameters = { sslmode: 'verify-full', sslrootcert: authority.certificate };
    await using db = new DatabaseService({ url: front.url(url, 'localhost', parameters) });
    await db.initialize();
    const id = await createCertificate(db);
    expect(await db.getCertificate(id)).not.toBeNull();
  });

  test.each([
    ['has expired', 'localhost', expired, true, /certificate has expired/],
    ['is for another host', 'other.example', 10, true, /certificate is for another host name/],
    ['was issued by an unknown authority', 'localhost', 10, false, /unknown authority.*sslrootcert/],
  ])(
    'fails with UNAVAILABLE and is not retryable when the certificate %s',
    async (_, name, days, isTrusted, message) => {
      const authority = new Authority();
      const { front, url } = await startFront(authority.issue(name, days));
      const parameters = {
        sslmode: 'verify-full',
        ...(isTrusted ? { sslrootcert: authority.certificate } : undefined),
      };
      await using db = new DatabaseService({ url: front.url(url, 'localhost', parameters) });
      const error = await expectError('UNAVAILABLE', () => db.initialize());
      expect(error.retryable).toBe(false);
      expect(error.message).toMatch(message);
      expect(error.message).not.toContain(authority.certificate);
    },
  );

  test('opens the circuit breaker when the certificate expires while a service is running', async () => {
    const authority = new Authority();
    const { front, url } = await startFront(authority.issue('localhost', 10));
    const events: DatabaseEvent[] = [];
    await using db = new DatabaseService({
      url: front.url(url, 'localhost', { sslmode: 'verify-full', sslrootcert: authority.certificate }),
      breaker: { failures: 4, resetMs: 60_000 },
      onEvent: (event) => void events.push(event),
    });
    await db.initialize();
    front.exchange(authority.issue('localhost', expired));
    // The first call finds out that its connection is gone, and tries again.
    await expectError('UNAVAILABLE', () => db.getCertificate('c'));
    events.length = 0;
    for (let failures = 1; failures < 4; failures += 1) {
      const error = await expectError('UNAVAILABLE', () => db.getCertificate('c'));
      expect(error).toMatchObject({ retryable: false, message: expect.stringContaining('has expired') as unknown });
    }
    const refused = await expectError('UNAVAILABLE', () => db.getCertificate('c'));
    expect(refused.message).toMatch(/circuit breaker is open/);
    expect(events.filter(({ type }) => type === 'breaker')).toEqual([{ type: 'breaker', state: 'open' }]);
    // A call that cannot succeed is not tried again.
    expect(events.filter(({ type }) => type === 'retry')).toEqual([]);
  });
});
