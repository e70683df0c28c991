import { toBatchMessage } from '../../src/engines/postgresql/batch-message';
import { parseMessages } from './wire';

/** Returns the body of a Bind message as the manual of PostgreSQL describes it. */
function bindBody(name: string, values: readonly (string | null)[]): Buffer {
  const count = (size: number): Buffer => Buffer.from([0, size]);
  const parts = values.map((value) => {
    const text = Buffer.from(value ?? '');
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : text.length);
    return Buffer.concat([length, text]);
  });
  return Buffer.concat([Buffer.from(`\0${name}\0`), count(0), count(values.length), ...parts, count(0)]);
}

test('toBatchMessage returns a Bind and an Execute message for each statement, and one Sync', () => {
  const calls = [
    { name: 'ans_1', args: ['a', null, 7, ''] },
    { name: 'ans_22', args: [] },
    { name: '', text: 'COMMIT', args: [] },
    { name: 'ans_3', args: ['Ünïcödé 🦊 \u{10FFFF}', 'x'.repeat(70_000)] },
  ];
  const execute = Buffer.alloc(5);
  expect(parseMessages(toBatchMessage(calls))).toEqual([
    ['B', bindBody('ans_1', ['a', null, '7', ''])],
    ['E', execute],
    ['B', bindBody('ans_22', [])],
    ['E', execute],
    ['P', Buffer.from('\0COMMIT\0\0\0')],
    ['B', bindBody('', [])],
    ['E', execute],
    ['B', bindBody('ans_3', ['Ünïcödé 🦊 \u{10FFFF}', 'x'.repeat(70_000)])],
    ['E', execute],
    ['S', Buffer.alloc(0)],
  ]);
});
