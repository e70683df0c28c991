import { ScriptError } from './run-script';

/**
 * Parses the value of a command line option as an integer.
 *
 * @throws ScriptError when the value is not an integer from `min` to `max`.
 */
export function parseInteger(text: string, option: string, min: number, max = Infinity): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= min && number <= max) return number;
  const range = max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new ScriptError(`${option} must be an integer ${range}`);
}
