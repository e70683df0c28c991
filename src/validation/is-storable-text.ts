/**
 * Reports whether every engine can store `text` unchanged. The text must not contain a lone surrogate, or NUL, which
 * ends a text for some engines.
 */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
