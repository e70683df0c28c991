/** Whether every engine can keep `text` as it is: no NUL, which ends a text for some, and no lone surrogate. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
