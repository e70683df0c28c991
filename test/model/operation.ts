import fc, { type Arbitrary, type WeightedArbitrary } from 'fast-check';
import { isDatabaseError } from '../../src';
import { callMethod, type Target } from '../support/public-calls';
import * as agents from './agent-arbitraries';
import { fails, type Directory, type Outcome, type Predict, type Prediction, type Settings } from './prediction';
import { hasBadText } from './text';

/** A call of the public API with its arguments. */
export interface Operation {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly perform: (target: Target) => Promise<unknown>;
  readonly predict: (directory: Directory, settings: Settings) => Prediction;
  /** Returns the call with the `updatedAt` of the agent in place of `current`. */
  readonly settle: (directory: Directory) => Operation;
  readonly [fc.toStringMethod]: () => string;
}

export interface Call<Args extends unknown[]> extends WeightedArbitrary<Operation> {
  readonly of: (...args: Args) => Operation;
}

/** Returns an operation with a weight and random arguments. */
export function call<Args extends unknown[]>(
  weight: number,
  method: string,
  parameters: [...{ [K in keyof Args]: Arbitrary<Args[K]> }],
  predict: Predict<Args>,
  perform = (target: Target, ...args: Args): Promise<unknown> => Promise.resolve(callMethod(target, method, args)),
): Call<Args> {
  const of = (...args: Args): Operation => ({
    method,
    args,
    perform: (target) => perform(target, ...args),
    predict: (directory, settings) => {
      const isInvalid = args[0] === '' || (!isBatch(method) && hasBadText(args));
      return isInvalid ? fails(directory, 'INVALID_INPUT') : predict(directory, settings, ...args);
    },
    // Each argument keeps its type.
    settle: (directory) => of(...(args.map((arg) => settled(arg, args[0], directory)) as Args)),
    [fc.toStringMethod]: () => `${method}(${args.map((arg) => fc.stringify(arg)).join(', ')})`,
  });
  return { weight, arbitrary: fc.tuple<Args>(...parameters).map((args) => of(...args)), of };
}

/** Reports whether a method reports an invalid record as the result of that record. */
function isBatch(method: string): boolean {
  return /\.(?:create|update|upsert)Many$/.test(method);
}

function settled(arg: unknown, agent: unknown, directory: Directory): unknown {
  if (typeof arg !== 'object' || arg === null || Reflect.get(arg, 'ifUpdatedAt') !== agents.current) return arg;
  const id: unknown = typeof agent === 'string' ? agent : Reflect.get(Object(agent), 'id');
  return { ...arg, ifUpdatedAt: directory.agents.get(String(id))?.updatedAt };
}

/** Reports whether a call changes nothing. */
export function isRead({ method }: Operation): boolean {
  return /(?:^|\.)(?:get|query|resolve|expiring|page|iterate|count|facets|aggregate|verify|versions)/.test(method);
}

/** Reports whether a call is atomic: it does not read or write in several steps. */
export function isAtomic(made: Operation): boolean {
  const { method, args } = made;
  const [options] = args;
  if (method === 'events.prune') return Reflect.get(Object(options), 'batchSize') === undefined;
  // A scope reads an agent and the owner of its successor in two steps.
  return !/\.(?:page|iterate|verify)/.test(method) && !(/^forOwner.*(?:agents|resolve)/.test(method) && isRead(made));
}

/** Returns the outcome of a call on the database. */
export async function outcomeOf(target: Target, { perform }: Operation): Promise<Outcome> {
  try {
    return { result: await perform(target) };
  } catch (error) {
    if (isDatabaseError(error)) return { code: error.code };
    throw error;
  }
}
