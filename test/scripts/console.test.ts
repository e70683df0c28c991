import { formatTable } from '../../scripts/console/table';
import { fitText, textWidth } from '../../scripts/console/text-width';

describe('Tables of the scripts', () => {
  test.each([
    ['abc', 3],
    ['翻訳', 4],
    ['한국어', 6],
    ['é', 1],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['🎨!', 3],
    ['', 0],
  ])('%j is %i columns wide', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });

  test('texts are cut at the width, between characters, and stay on their line', () => {
    expect(fitText('abcdef', 4)).toBe('abc…');
    expect(fitText('翻訳翻訳', 6)).toBe('翻訳…');
    expect(fitText('a\n\x1b[31mb', 20)).toBe('a [31mb');
  });

  test('columns line up, and the widest gives way', () => {
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
