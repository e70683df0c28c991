import { DatabaseService } from '../../src';
import { createCertificate } from '../support/factories';
import { newDatabaseUrl } from '../support/test-database';
import { Victim } from './hostile-server';
import { TcpProxy } from '../support/tcp-proxy';
import { authentication, int32, message, report, text } from './wire';

const shutdown = report('E', { S: 'FATAL', C: '57P01', M: 'terminating connection due to administrator command' });

/** Messages of a server on idle connections, and whether the connections may continue. */
const remarks: readonly (readonly [what: string, bytes: Buffer, isHarmless: boolean])[] = [
  ['a notification', message('A', Buffer.concat([int32(1), text('channel'), text('payload')])), true],
  ['a notice', report('N', { S: 'NOTICE', C: '00000', M: 'a notice' }), true],
  ['a change of a parameter', message('S', Buffer.concat([text('TimeZone'), text('UTC')])), true],
  ['an error that ends the connection', shutdown, false],
  ['an error', report('E', { S: 'ERROR', C: '22001', M: 'too long' }), false],
  ['an error without fields', report('E', {}), false],
  ['an error that does not end', message('E', Buffer.from('SFATAL')), false],
  ['a request for GSSAPI', authentication(7), false],
  ['a request for a password', authentication(3), false],
  ['a row', message('D', Buffer.from([0, 0])), false],
  ['the end of a statement', message('C', text('SELECT 1')), false],
  ['a request to copy', message('G', Buffer.from([0, 0, 0])), false],
  ['a copy', message('H', Buffer.from([0, 0, 0])), false],
  ['a message of an unknown type', message('?'), false],
  ['zeros', Buffer.alloc(64), false],
];

async function openBehindProxy(): Promise<{ proxy: TcpProxy; victim: Victim; url: string }> {
  const direct = await newDatabaseUrl();
  await using db = new DatabaseService({ url: direct });
  await db.initialize();
  await createCertificate(db, { id: 'c' });
  const proxy = await TcpProxy.start(direct);
  const url = proxy.url(direct);
  const victim = new Victim();
  expect(await victim.do('open', url)).toEqual({ code: 'done' });
  return { proxy, victim, url };
}

test('unsolicited messages of a server end the following calls in a coded error or have no effect', async () => {
  const { proxy, victim, url } = await openBehindProxy();
  for (const [what, bytes, isHarmless] of remarks) {
    expect(await victim.do('read', url)).toEqual({ code: 'done' });
    proxy.say(bytes);
    const codes = [(await victim.do('read', url)).code, (await victim.do('write', url)).code];
    codes.push((await victim.do('transaction', url)).code, (await victim.do('health', url)).code);
    const expected = isHarmless ? /^done$/ : /^(?:done|UNAVAILABLE|TIMEOUT)$/;
    for (const code of codes) expect(`${what}: ${code}`).toMatch(new RegExp(`: ${expected.source.slice(1)}`));
    // At the latest now every connection that was spoilt is replaced.
    await victim.do('transaction', url);
  }
});

test('invalid replies to new connections of a running service end its calls in a coded error', async () => {
  const { proxy, victim, url } = await openBehindProxy();
  for (const bytes of [authentication(7), authentication(9), message('E', Buffer.from('S')), Buffer.alloc(64)]) {
    proxy.greet(bytes);
    proxy.cutAll();
    await victim.do('read', url);
    for (const work of ['read', 'write', 'transaction']) {
      expect(await victim.do(work, url)).toMatchObject({ code: 'UNAVAILABLE' });
    }
    expect(await victim.do('health', url)).toEqual({ code: 'done' });
  }
});

test('a reply that does not confirm a commit is not treated as a commit', async () => {
  const { proxy, victim, url } = await openBehindProxy();
  proxy.replace('COMMIT\0', 'XXXXXX\0');
  const outcome = await victim.do('transaction', url);
  expect(outcome).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('may or may not') as unknown });
});
