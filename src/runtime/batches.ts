import { Failure, failureAt, invalidInput } from '../errors/failure';
import { toDatabaseError, type Operation } from '../errors/operation';
import type { RefusedResult } from '../options/batch-options';
import type { Executor } from '../storage/executor';
import type { Transaction } from '../storage/transaction';
import { checkOneOf, ifDefined } from '../validation/checks';
import { mapYielding } from './event-loop';

/**
 * Maximum number of records in one batch of a call. A batch is smaller when its records have more than `batchLength`
 * characters.
 */
export const batchSize = 500;
export const batchLength = 16_777_216;

/** Record that a call does not write, with the reason. */
export interface Refusal {
  /** Id of the refused record; undefined when the record has no readable id. */
  readonly id: string | undefined;
  readonly failure: Failure;
}

/** Validated options of a call that writes many records. */
export interface BatchRules {
  /** True when the other records are written although one record is refused. */
  readonly mayCollect: boolean;
  /** Listener that receives the number of processed records and the total number of records. Never throws. */
  readonly onProgress: (done: number, total: number) => void;
}

/** Functions that parse and write the records of a call in batches. */
export interface BatchWork<Parsed extends object, Result extends object> {
  /** Name of the call's parameter that contains the records, such as `agents`. */
  readonly parameter: string;
  /** Name of the call that the error of a refused record names. */
  readonly operation: Operation;
  readonly parse: (input: unknown) => Parsed;
  /** Returns the approximate number of characters of a record. */
  readonly lengthOf: (record: Parsed) => number;
  /** Function that is called at the beginning of each transaction, with all records that it may write. */
  readonly prepare?: (tx: Transaction, records: readonly (Parsed | Refusal)[]) => Promise<void>;
  /** Writes a batch of records. Returns the result of each record, in order. */
  readonly write: (tx: Transaction, batch: readonly (Parsed | Refusal)[]) => Promise<(Result | Refusal)[]>;
}

/**
 * Writes records in batches. When `mayCollect` is true, each batch has a separate transaction; otherwise one
 * transaction contains all batches.
 *
 * @returns the result of each record, in input order.
 * @throws the failure of the first refused record, unless `mayCollect` is true
 */
export async function writeInBatches<Parsed extends object, Result extends object>(
  executor: Executor,
  inputs: readonly unknown[],
  { mayCollect, onProgress }: BatchRules,
  work: BatchWork<Parsed, Result>,
): Promise<(Result | RefusedResult)[]> {
  const { parameter, operation, prepare } = work;
  const toEntry = (input: unknown): Parsed | Refusal => parseOrRefuse(input, work.parse);
  // Parses all records at once only for `prepare`. Without `prepare`, parses each batch when it is written, which needs
  // less memory.
  const entries = prepare === undefined ? undefined : await mapYielding(inputs, toEntry);
  const entryAt = (index: number): Parsed | Refusal => entries?.[index] ?? toEntry(inputs[index]);
  const write = (tx: Transaction, start: number): Promise<(Result | Refusal)[]> =>
    work.write(tx, batchFrom(start, inputs.length, entryAt, work.lengthOf));
  if (mayCollect) {
    return inBatches(inputs.length, onProgress, async (start) => {
      const results = await executor.withTransaction(async (tx) => {
        await prepare?.(tx, entries?.slice(start, start + batchSize) ?? []);
        return write(tx, start);
      });
      return results.map((result) => (isRefusal(result) ? toRefusedResult(operation, result) : result));
    });
  }
  return executor.withTransaction(async (tx) => {
    await prepare?.(tx, entries ?? []);
    return inBatches(inputs.length, onProgress, async (start) => {
      const results = await write(tx, start);
      return results.map((result, index) => {
        if (isRefusal(result)) throw failureAt(`${parameter}[${start + index}]`, result.failure);
        return result;
      });
    });
  });
}

/**
 * Repeats `work`, each time in a separate transaction, until it has handled fewer than `size` records. Returns the
 * total number of handled records.
 *
 * @param work - handles at most `size` records, and returns the number of handled records.
 */
export async function repeatInTransactions(
  executor: Executor,
  size: number,
  work: (tx: Transaction) => Promise<number>,
): Promise<number> {
  for (let count = 0; ;) {
    const handled = await executor.withTransaction(work);
    count += handled;
    if (handled < size) return count;
  }
}

/** Reports whether an element of a batch is a refused record. */
export function isRefusal(entry: object): entry is Refusal {
  return 'failure' in entry;
}

/** Returns the id of a record that could not be parsed; undefined when the record has no readable id. */
function idOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  try {
    const id: unknown = Reflect.get(input, 'id');
    return typeof id === 'string' ? id : undefined;
  } catch {
    // A getter of the caller threw an error. The failure of the record already reports this error.
    return undefined;
  }
}

/**
 * Parses the options `onError` and `onProgress` of a call that writes many records.
 *
 * @throws INVALID_INPUT when one of them is invalid
 */
export function parseBatchRules(onError: unknown, onProgress: unknown): BatchRules {
  return {
    mayCollect: ifDefined(onError, 'options.onError', checkOnError) === 'collect',
    onProgress: ifDefined(onProgress, 'options.onProgress', checkProgress) ?? (() => undefined),
  };
}

function checkOnError(value: unknown, field: string): 'abort' | 'collect' {
  return checkOneOf(value, ['abort', 'collect'] as const, field);
}

function checkProgress(value: unknown, field: string): BatchRules['onProgress'] {
  if (typeof value !== 'function') throw invalidInput(field, 'must be a function');
  return (done, total) => {
    // Handles the rejection of an asynchronous listener. An unhandled rejection would end the process.
    try {
      const result: unknown = Reflect.apply(value, undefined, [done, total]);
      Promise.resolve(result).catch(() => undefined);
    } catch {
      // An error of the listener must not make the call fail.
    }
  };
}

async function inBatches<Result>(
  total: number,
  onProgress: BatchRules['onProgress'],
  writeBatch: (start: number) => Promise<Result[]>,
): Promise<Result[]> {
  const results: Result[] = [];
  while (results.length < total) {
    results.push(...(await writeBatch(results.length)));
    onProgress(results.length, total);
  }
  return results;
}

/** Returns the records of the batch that begins at index `start`. */
function batchFrom<Parsed extends object>(
  start: number,
  total: number,
  entryAt: (index: number) => Parsed | Refusal,
  lengthOf: (record: Parsed) => number,
): (Parsed | Refusal)[] {
  const batch: (Parsed | Refusal)[] = [];
  const end = Math.min(start + batchSize, total);
  for (let index = start, length = 0; index < end && length < batchLength; index += 1) {
    const entry = entryAt(index);
    if (!isRefusal(entry)) length += lengthOf(entry);
    batch.push(entry);
  }
  return batch;
}

function parseOrRefuse<Parsed extends object>(input: unknown, parse: (input: unknown) => Parsed): Parsed | Refusal {
  try {
    return parse(input);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { id: idOf(input), failure: error };
  }
}

function toRefusedResult(operation: Operation, { id, failure }: Refusal): RefusedResult {
  return { ok: false, ...(id === undefined ? undefined : { id }), error: toDatabaseError(operation, failure) };
}
