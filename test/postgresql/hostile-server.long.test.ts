import { DatabaseService } from '../../src';
import { createCertificate } from '../support/factories';
import { TcpProxy } from '../support/tcp-proxy';
import { newDatabaseUrl } from '../support/test-database';
import { Victim, startHostileServer } from './hostile-server';
import { authentication, int32, message, ready, report, text, welcome } from './wire';

const copyIn = message('G', Buffer.from([0, 0, 0]));
const emptyRow = message('D', Buffer.from([0, 0]));
const mechanisms = Buffer.concat([text('SCRAM-SHA-1'), text('OAUTHBEARER'), Buffer.from([0])]);

/** First messages of a server after the start-up message of the client. */
const greetings: readonly (readonly [what: string, bytes: Buffer, retryable: boolean | undefined])[] = [
  ['asks for Kerberos V5', authentication(2), false],
  ['asks for GSSAPI', authentication(7), false],
  ['goes on with GSSAPI', authentication(8, Buffer.from('data')), false],
  ['asks for SSPI', authentication(9), false],
  ['asks for an unknown authentication', authentication(4711), false],
  ['asks for SASL with unknown mechanisms', authentication(10, mechanisms), false],
  ['goes on with SASL that was not begun', authentication(11, text('r=x')), undefined],
  ['ends SASL that was not begun', authentication(12, text('v=x')), undefined],
  ['asks for MD5 without a salt', authentication(5), undefined],
  ['sends an authentication without a code', message('R'), undefined],
  ['sends an error without fields', report('E', {}), undefined],
  ['sends an error without an SQLSTATE', report('E', { S: 'FATAL', M: 'no' }), undefined],
  ['sends an error of an unknown SQLSTATE', report('E', { S: 'FATAL', C: 'ZZZZZ', M: 'no' }), true],
  ['sends an error that does not end', message('E', Buffer.from('SFATAL')), undefined],
  ['sends a message of an unknown type', message('?', Buffer.from('data')), undefined],
  ['begins to copy', Buffer.concat([authentication(0), copyIn]), undefined],
  ['sends rows unasked', Buffer.concat([welcome, emptyRow, emptyRow]), undefined],
  ['is ready without an answer', Buffer.concat([welcome, ready, ready, ready]), undefined],
  ['sends zeros', Buffer.alloc(4096), undefined],
  ['sends a message of an impossible length', Buffer.from([0x52, 0xff, 0xff, 0xff, 0xff, 0, 0]), undefined],
  ['says nothing after it has accepted', authentication(0), undefined],
  ['says nothing to the first statement', welcome, undefined],
];

test('a connection to a server that sends invalid messages fails with UNAVAILABLE and does not end the process', async () => {
  const victim = new Victim();
  const outcomes = await Promise.all(
    greetings.map(async ([what, bytes, retryable]) => {
      const url = await startHostileServer((socket, count) => (count === 1 ? socket.write(bytes) : undefined));
      const { code, ...outcome } = await victim.do('open', url);
      return { what, code, ...(retryable === undefined ? undefined : { retryable: outcome.retryable }) };
    }),
  );
  expect(outcomes).toEqual(
    greetings.map(([what, , retryable]) => {
      return { what, code: 'UNAVAILABLE', ...(retryable === undefined ? undefined : { retryable }) };
    }),
  );
});

test('a connection to a server that requests GSSAPI fails with an error that names GSSAPI', async () => {
  const url = await startHostileServer((socket) => socket.write(authentication(7)));
  const outcome = await new Victim().do('open', url);
  expect(outcome.message).toContain('GSSAPI');
});

test('a connection attempt to a server that never stops sending is aborted', async () => {
  const victim = new Victim();
  for (const endless of [emptyRow, report('N', { S: 'NOTICE', C: '00000', M: 'more' }), Buffer.alloc(7, 1)]) {
    const chunk = Buffer.concat(Array.from({ length: 1000 }, () => endless));
    const url = await startHostileServer((socket, count) => {
      if (count > 1) return;
      socket.write(authentication(0));
      const more = (): void => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on('drain', more);
      more();
    });
    expect(await victim.do('open', url)).toMatchObject({ code: 'UNAVAILABLE' });
  }
});

test('a connection to a server that disconnects at any point of the greeting fails with UNAVAILABLE', async () => {
  const victim = new Victim();
  for (const bytes of [Buffer.alloc(0), Buffer.from('R'), authentication(0), welcome]) {
    const url = await startHostileServer((socket) => socket.end(bytes));
    expect(await victim.do('open', url)).toMatchObject({ code: 'UNAVAILABLE' });
  }
});

test('calls succeed or fail with a coded error when the server sends random messages', async () => {
  const victim = new Victim();
  let seed = 42;
  const random = (below: number): number => {
    // A linear congruential generator ("Numerical Recipes", section 7.1), which yields the same numbers in every run.
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const types = 'RSKZEN123nsIDCTtGHWdcAX?'.split('');
  const anything = (): Buffer => {
    const body = Buffer.from(Array.from({ length: random(24) }, () => random(3) === 0 && random(256)).map(Number));
    return message(types[random(types.length)] ?? 'Z', body);
  };
  const outcomes = await Promise.all(
    Array.from({ length: 150 }, async (_, round) => {
      const url = await startHostileServer((socket, count) => {
        if (count === 1 && round % 2 === 0) socket.write(welcome);
        else socket.write(Buffer.concat(Array.from({ length: 1 + random(4) }, anything)));
      });
      return [await victim.do('open', url), await victim.do('read', url), await victim.do('write', url)];
    }),
  );
  for (const { code } of outcomes.flat()) expect(code).toMatch(/^(?:[A-Z_]+|done)$/);
  expect(outcomes.flat().some(({ code }) => code === 'UNAVAILABLE')).toBe(true);
});

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

test('unexpected messages on an idle connection have no effect or make the next calls fail with UNAVAILABLE or TIMEOUT', async () => {
  const { proxy, victim, url } = await openBehindProxy();
  for (const [what, bytes, isHarmless] of remarks) {
    expect(await victim.do('read', url)).toEqual({ code: 'done' });
    proxy.say(bytes);
    const codes = [(await victim.do('read', url)).code, (await victim.do('write', url)).code];
    codes.push((await victim.do('transaction', url)).code, (await victim.do('health', url)).code);
    const expected = isHarmless ? /^done$/ : /^(?:done|UNAVAILABLE|TIMEOUT)$/;
    for (const code of codes) expect(`${what}: ${code}`).toMatch(new RegExp(`: ${expected.source.slice(1)}`));
    // This call replaces a connection that the message has broken.
    await victim.do('transaction', url);
  }
});

test('calls of an open service fail with UNAVAILABLE while the server sends invalid replies to new connections', async () => {
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

test('a transaction fails with an unknown outcome when the reply to COMMIT does not confirm it', async () => {
  const { proxy, victim, url } = await openBehindProxy();
  proxy.replace('COMMIT\0', 'XXXXXX\0');
  const outcome = await victim.do('transaction', url);
  expect(outcome).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('may or may not') as unknown });
});
