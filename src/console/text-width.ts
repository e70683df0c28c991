const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Matches characters that take two columns on a terminal: emoji, and East Asian scripts with their punctuation. */
const wide =
  /\p{Emoji_Presentation}|\uFE0F|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303F\uFF01-\uFF60\uFFE0-\uFFE6]/u;
const invisible = /^[\p{Mark}\p{Format}]+$/u;

/**
 * Returns the approximate number of terminal columns that `text` takes. Terminals differ, but the result is exact
 * enough for tables.
 */
export function textWidth(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += segmentWidth(segment);
  return width;
}

/** Returns `text` as one line of at most `width` columns, truncated with an ellipsis. */
export function fitText(text: string, width: number): string {
  // Replaces control characters: a line feed would break the table, and an escape sequence could control the terminal.
  const line = text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  if (textWidth(line) <= width) return line;
  let fitting = '';
  let used = 0;
  for (const { segment } of segmenter.segment(line)) {
    used += segmentWidth(segment);
    if (used > width - 1) break;
    fitting += segment;
  }
  return `${fitting}…`;
}

function segmentWidth(segment: string): number {
  if (invisible.test(segment)) return 0;
  return wide.test(segment) ? 2 : 1;
}
