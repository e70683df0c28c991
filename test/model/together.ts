import fc from 'fast-check';
import { differenceOf, differs, inOrderOfFeed, isExpected, readAll } from './compare';
import { settingsAt, type Command, type Place } from './machine';
import { operation } from './calls';
import { isAtomic, outcomeOf, type Operation } from './operation';
import type { Directory, Outcome, Settings } from './prediction';

interface PlacedCall {
  readonly call: Operation;
  readonly place: Place;
}

/** Two to four calls, each on one of two services. */
export const simultaneous: fc.Arbitrary<readonly PlacedCall[]> = fc.array(
  fc.record({ call: operation.filter(isAtomic), place: fc.constantFrom<Place>('db', 'db', 'other') }),
  { minLength: 2, maxLength: 4 },
);

/**
 * Returns a command that makes calls concurrently. Some serial order of the calls must explain their results and the
 * stored records.
 */
export function togetherCommand(placed: readonly PlacedCall[]): Command {
  return {
    check: () => Promise.resolve(true),
    run: async (model, real) => {
      const calls = placed.map(({ call, place }) => ({ call: call.settle(model.directory), place }));
      const outcomes = await Promise.all(calls.map(({ call, place }) => outcomeOf(real[place], call)));
      const made = calls.map(({ call }, index) => ({ call, outcome: outcomes[index] ?? { result: undefined } }));
      const before = model.directory;
      const orders = [...serialEnds(before, settingsAt(real.clock), made)];
      if (orders.length === 0) differs(calls, outcomes, 'what some order of the calls would answer');
      const snapshot = await readAll(real.db);
      const ends = orders.map((directory) => {
        return { ...directory, feed: inOrderOfFeed(directory.feed, before.feed.length, snapshot.feed) };
      });
      const end = ends.find((directory) => differenceOf(directory, snapshot) === undefined);
      if (end === undefined) {
        const differences = ends.map((directory) => differenceOf(directory, snapshot));
        differs({ calls, outcomes }, differences, 'what some order of the calls would leave');
      }
      model.directory = end;
    },
    toString: () => `together ${fc.stringify(placed)}`,
  };
}

interface MadeCall {
  readonly call: Operation;
  readonly outcome: Outcome;
}

/** Returns the final state of each order of the calls that explains their outcomes. */
function* serialEnds(
  directory: Directory,
  settings: Settings,
  rest: readonly MadeCall[],
): Generator<Directory, void, void> {
  if (rest.length === 0) yield directory;
  for (const made of rest) {
    const { outcomes, next } = made.call.predict(directory, settings);
    if (!isExpected(outcomes, made.outcome)) continue;
    const after = 'result' in made.outcome ? next(made.outcome.result) : directory;
    yield* serialEnds(
      after,
      settings,
      rest.filter((other) => other !== made),
    );
  }
}
