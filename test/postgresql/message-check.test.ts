import { MessageCheck } from '../../src/engines/postgresql/message-check';
import { message, ready, report, welcome } from './wire';

const row = message('D', Buffer.from([0, 1, 0, 0, 0, 3, 65, 66, 67]));
const sound = Buffer.concat([
  welcome,
  report('N', { S: 'NOTICE', C: '00000', M: 'a notice' }),
  row,
  row,
  report('E', { S: 'ERROR', C: '42501', M: 'denied' }),
  report('E', {}),
  ready,
]);

function check(data: Buffer, chunkLength: number): void {
  const messages = new MessageCheck();
  for (let at = 0; at < data.length; at += chunkLength) messages.check(data.subarray(at, at + chunkLength));
}

test.each([1, 2, 3, 5, 7, 64, 100_000])('valid messages in chunks of %d bytes are accepted', (chunkLength) => {
  expect(() => check(sound, chunkLength)).not.toThrow();
});

test.each([
  ['an error without any end', message('E', Buffer.from('SFATAL'))],
  ['an error without a last field', message('E', Buffer.from('SFATAL\0'))],
  ['an error without anything', message('E')],
  ['a notice without an end', message('N', Buffer.from('SNOTICE\0M'))],
  ['a length that does not count itself', Buffer.from([0x44, 0, 0, 0, 3])],
  ['a length beyond all messages', Buffer.from([0x44, 0x7f, 0xff, 0xff, 0xff])],
])('%s is malformed, whatever the chunk size is', (_, bytes) => {
  for (const chunkLength of [1, 3, 6, 100_000]) {
    // What comes next must not be taken for the missing end.
    expect(() => check(Buffer.concat([sound, bytes, ready]), chunkLength)).toThrow('malformed');
  }
});
