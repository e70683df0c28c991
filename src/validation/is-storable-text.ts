/**
 * Reports whether every engine can store `text` unchanged. The text must not contain NUL, which ends a text for some
 * engines, and no lone surrogate.
 */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
