import { AnswerSize, countValues, uncountedLength } from '../../src/sql/answer-size';

describe('countValues', () => {
  test.each([
    ['', 1],
    ['7', 1],
    ['"a,b"', 1],
    ['[]', 1],
    ['{}', 1],
    ['[1]', 2],
    ['[1,2,3]', 4],
    ['{"a":1,"b":{}}', 3],
    ['[[],{},[null]]', 5],
    ['["a,b","c"]', 3],
    ['["[1,2]"]', 2],
    [String.raw`["\"[,","\\",1]`, 4],
    ['["unterminated, text', 2],
  ])('countValues counts the JSON values of %s as %i', (text, count) => {
    expect(countValues(text)).toBe(count);
  });

  test('countValues can also count the commas and brackets inside strings', () => {
    expect(countValues('["[1,2]"]', true)).toBe(4);
  });
});

describe('AnswerSize', () => {
  const error = (subject: string): unknown =>
    expect.objectContaining({ code: 'RESULT_TOO_LARGE', message: expect.stringContaining(subject) as string });

  test('AnswerSize accepts a result of exactly the maximum number of characters, and rejects a longer one', () => {
    const size = new AnswerSize({ maxLength: 5, maxValues: 100 });
    size.add('abc');
    size.add('de');
    expect(() => size.add('f')).toThrow(error('more than 5 characters') as Error);
  });

  test('AnswerSize counts JSON values only beyond the first 1,048,576 characters', () => {
    const size = new AnswerSize({ maxLength: Infinity, maxValues: 3 });
    size.add('[' + '1,'.repeat((uncountedLength - 2) / 2) + ']');
    size.add('[1,2]');
    expect(() => size.add('1')).toThrow(error('more than 3 JSON values') as Error);
  });
});
