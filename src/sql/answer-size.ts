import { Failure } from '../errors/failure';

/** Maximum total size of the rows of a result. */
export interface AnswerBounds {
  /** Maximum number of characters of all texts in a result. */
  readonly maxLength: number;
  /** Maximum number of JSON values in a result. */
  readonly maxValues: number;
}

/**
 * Number of characters up to which the JSON values of a result are not counted, to avoid scanning ordinary results.
 * With the default limits, so few characters cannot contain too many values.
 */
export const uncountedLength = 1_048_576;

/**
 * Counts the characters and the JSON values of a result while the result is read. The first text that exceeds a bound
 * ends the read before the whole result is in memory. JSON values are also counted because a short value, such as `{}`,
 * takes tens of bytes of memory when it is parsed.
 */
export class AnswerSize {
  readonly #bounds: AnswerBounds;
  #length = 0;
  #values = 0;

  constructor(bounds: AnswerBounds) {
    this.#bounds = bounds;
  }

  /**
   * Counts the characters and JSON values of a text in the result.
   *
   * @throws RESULT_TOO_LARGE when the result exceeds its bounds
   */
  add(text: string): void {
    const { maxLength, maxValues } = this.#bounds;
    this.#length += text.length;
    if (this.#length > maxLength) throw tooLarge(this.#bounds, 'characters');
    if (this.#length <= uncountedLength) return;
    this.#values += countValues(text, true);
    if (this.#values > maxValues) throw tooLarge(this.#bounds, 'values');
  }
}

/**
 * Returns the number of JSON values in a JSON array or object; 1 for any other text.
 *
 * @param withTexts - true to count the commas and brackets inside strings, because a string may itself contain JSON.
 */
export function countValues(text: string, withTexts = false): number {
  const first = text.charCodeAt(0);
  // Counts 1 for the whole JSON text, and 1 for each comma and opening bracket, because a value follows each of them.
  let count = 1;
  if (first !== openingBrace && first !== openingBracket) return count;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === comma) count += 1;
    else if (code === openingBrace || code === openingBracket) {
      // Does not count a value in an empty array or object. `code + 2` is the closing bracket of the opening bracket
      // `code`.
      if (text.charCodeAt(index + 1) !== code + 2) count += 1;
    } else if (code === quote && !withTexts) index = endOfText(text, index);
  }
  return count;
}

/**
 * Returns the position of the quote that ends the JSON string which begins at `start`. Returns the length of the text
 * when no quote ends the string.
 */
function endOfText(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === backslash) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openingBracket = 0x5b;
const openingBrace = 0x7b;

/** Returns the failure for a result that exceeds its bounds. */
export function tooLarge({ maxLength, maxValues }: AnswerBounds, excess: 'characters' | 'values'): Failure {
  const what = excess === 'characters' ? `${maxLength} characters` : `${maxValues} JSON values`;
  return new Failure('RESULT_TOO_LARGE', `the result has more than ${what}: request fewer records`);
}
