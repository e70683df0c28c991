import fc from 'fast-check';
import type { Target } from '../support/public-calls';
import { differs, isExpected } from './compare';
import { settingsAt, type Command, type Model, type Place } from './machine';
import { isRead, operation, outcomeOf, type Operation } from './calls';
import type { Settings } from './prediction';
import { simultaneous, togetherCommand } from './together';

/** Sequences of calls, alone, in transactions and several at once, while time passes. */
export function commandSequences(maxCommands: number): fc.Arbitrary<Iterable<Command>> {
  const inside = fc.array(operation, { minLength: 1, maxLength: 6 });
  const call = fc.tuple(operation, fc.nat(7)).map(([made, place]) => callCommand(made, place === 0 ? 'other' : 'db'));
  return fc.commands(
    [
      ...[call, call, call, call, call, call],
      fc.tuple(inside, fc.boolean()).map(([calls, isCommitted]) => transactionCommand(calls, isCommitted)),
      simultaneous.map((calls) => togetherCommand(calls)),
      fc.constantFrom(1, 500, 1000).map((ms) => timeCommand(ms)),
    ],
    { maxCommands, size: 'max' },
  );
}

function callCommand(call: Operation, place: Place): Command {
  return {
    check: () => Promise.resolve(true),
    run: (model, real) => runAndCompare(model, real[place], call, settingsAt(real.clock)),
    toString: () => `${place} ${fc.stringify(call)}`,
  };
}

function timeCommand(ms: number): Command {
  return {
    check: () => Promise.resolve(true),
    run: (_model, { clock }) => {
      clock.nowMs += ms;
      return Promise.resolve();
    },
    toString: () => `${ms} ms pass`,
  };
}

/** Runs the calls in one transaction that is committed, or throws; the outer database sees nothing of it meanwhile. */
function transactionCommand(calls: readonly Operation[], isCommitted: boolean): Command {
  return {
    check: () => Promise.resolve(true),
    run: async (model, { db, clock }) => {
      const inner: Model = { directory: model.directory };
      const thrown = new Error('The transaction is to be undone');
      const outcome = db.transaction(async (tx) => {
        for (const call of calls) await runAndCompare(inner, tx, call, settingsAt(clock));
        for (const call of calls) if (isRead(call)) await runAndCompare(model, db, call, settingsAt(clock));
        if (!isCommitted) throw thrown;
        return calls;
      });
      if (isCommitted) {
        expect(await outcome).toBe(calls);
        model.directory = inner.directory;
      } else {
        const error = await outcome.catch((reason: unknown) => reason);
        // It may be what the comparison threw.
        if (error instanceof Error && error !== thrown) throw error;
        expect(error).toBe(thrown);
      }
    },
    toString: () => `${isCommitted ? 'committed' : 'undone'} transaction ${fc.stringify(calls)}`,
  };
}

/** Makes a call on the database and on the model, and compares what they answer. */
export async function runAndCompare(
  model: Model,
  target: Target,
  unsettled: Operation,
  settings: Settings,
): Promise<void> {
  const call = unsettled.settle(model.directory);
  const { outcomes, next } = call.predict(model.directory, settings);
  const actual = await outcomeOf(target, call);
  if (!isExpected(outcomes, actual)) differs(call, actual, outcomes.length === 1 ? outcomes[0] : outcomes);
  if ('result' in actual) model.directory = next(actual.result);
}
