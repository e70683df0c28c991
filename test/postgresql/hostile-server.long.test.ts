import { Victim, startHostileServer } from './hostile-server';
import { authentication, message, ready, report, text, welcome } from './wire';

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

test('a connection to a server that sends arbitrary bytes fails with a coded error and does not end the process', async () => {
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

test('a request for GSSAPI fails with an error that names it', async () => {
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

test('a connection to a server that disconnects at any moment fails with UNAVAILABLE', async () => {
  const victim = new Victim();
  for (const bytes of [Buffer.alloc(0), Buffer.from('R'), authentication(0), welcome]) {
    const url = await startHostileServer((socket) => socket.end(bytes));
    expect(await victim.do('open', url)).toMatchObject({ code: 'UNAVAILABLE' });
  }
});

test('random messages end in coded errors', async () => {
  const victim = new Victim();
  let seed = 42;
  const random = (below: number): number => {
    // "Numerical Recipes", 7.1: as good as it has to be here, and the same in every run.
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
