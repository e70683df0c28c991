import { invalidInput } from '../errors/failure';
import { checkObject, checkOneOf, checkTime, optional } from '../input/check';
import { Uniqueness } from './types';

const createNames = new Set(['unique'] as const);
const createManyNames = new Set(['unique', 'onError', 'onProgress'] as const);
const changeNames = new Set(['ifUpdatedAt'] as const);

/** @throws INVALID_INPUT */
export function parseCreateOptions(input: unknown = {}): Uniqueness {
  return parseUniqueness(checkObject(input, 'options', createNames).unique);
}

/** @throws INVALID_INPUT */
export function parseCreateManyOptions(input: unknown = {}) {
  const { unique, onError, onProgress } = checkObject(input, 'options', createManyNames);
  return {
    uniqueness: parseUniqueness(unique),
    mayCollect: optional(onError, 'options.onError', checkOnError) === 'collect',
    onProgress: optional(onProgress, 'options.onProgress', checkProgress) ?? (() => undefined),
  };
}

/** The time of the last change that is expected, in milliseconds since 1970; undefined: any. @throws INVALID_INPUT */
export function parseChangeOptions(input: unknown = {}): number | undefined {
  return optional(checkObject(input, 'options', changeNames).ifUpdatedAt, 'options.ifUpdatedAt', checkTime);
}

function parseUniqueness(value: unknown): Uniqueness {
  return optional(value, 'options.unique', (unique, field) => checkOneOf(unique, Uniqueness, field)) ?? 'none';
}

function checkOnError(value: unknown, field: string): 'abort' | 'collect' {
  return checkOneOf(value, ['abort', 'collect'] as const, field);
}

function checkProgress(value: unknown, field: string): (done: number, total: number) => void {
  if (typeof value !== 'function') throw invalidInput(field, 'must be a function');
  return (done, total) => {
    // A listener's fault must not become the caller's; one that is asynchronous would end the whole process.
    try {
      const told: unknown = Reflect.apply(value, undefined, [done, total]);
      Promise.resolve(told).catch(() => undefined);
    } catch {
      // As above.
    }
  };
}
