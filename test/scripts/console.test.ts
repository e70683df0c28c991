import { formatTable } from '../../src/console/table';
import { fitText, textWidth } from '../../src/console/text-width';

describe('tables of the scripts', () => {
  test.each([
    ['abc', 3],
    ['翻訳', 4],
    ['한국어', 6],
    ['é', 1],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['🎨!', 3],
    ['', 0],
  ])('textWidth(%j) returns %i columns', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  test('fitText truncates between characters and removes control characters', () => {
    expect(fitText('abcdef', 4)).toBe('abc…');
    expect(fitText('翻訳翻訳', 6)).toBe('翻訳…');
    expect(fitText('a\n\x1b[31mb', 20)).toBe('a [31mb');
  });

  test('formatTable aligns the columns and shortens the widest one', () => {
    const rows = [
      ['翻訳', 'a long text that will not fit', '1'],
      ['ab', 'short', '22'],
    ];
    const columns = [{ title: 'name' }, { title: 'text' }, { title: 'n', align: 'right' as const }];
    expect(formatTable(columns, rows, 24)).toEqual([
      'NAME  TEXT             N',
      '翻訳  a long text t…   1',
      'ab    short           22',
    ]);
  });
});
