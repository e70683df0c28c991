/**
 * Returns the text in lower case, code point by code point. A code point whose lower case consists of several code
 * points ("İ") stays unchanged. Does not normalize the text, and converts each code point independently of its
 * neighbours. Therefore the folded form of a part of a text is a part of the folded text.
 */
export function foldCase(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  let folded = '';
  for (const codePoint of text) folded += foldCodePoint(codePoint);
  return folded;
}

function foldCodePoint(codePoint: string): string {
  const lower = codePoint.toLowerCase();
  return isOneCodePoint(lower) ? lower : codePoint;
}

function isOneCodePoint(text: string): boolean {
  return text.length === 1 || (text.length === 2 && (text.codePointAt(0) ?? 0) > 0xffff);
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0x7f) return false;
  }
  return true;
}
