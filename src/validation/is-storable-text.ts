/**
 * Reports whether every engine can store `text` unchanged: it contains no NUL, which ends a text for some engines, and
 * no lone surrogate.
 */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
