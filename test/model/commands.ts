import fc from 'fast-check';
import type { Target } from '../support/public-calls';
import { differs, isExpected } from './compare';
import { settingsAt, type Command, type Model, type Place } from './machine';
import { operation } from './calls';
import { isRead, outcomeOf, type Operation } from './operation';
import type { Settings } from './prediction';
import { simultaneous, togetherCommand } from './together';

/** Returns sequences of single calls, transactions, concurrent calls and steps of the clock. */
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

/**
 * Returns a command that runs the calls in one transaction and commits it or rolls it back. Before that, reads outside
 * the transaction must not see its changes.
 */
function transactionCommand(calls: readonly Operation[], isCommitted: boolean): Command {
  return {
    check: () => Promise.resolve(true),
    run: async (model, { db, clock }) => {
      const inner: Model = { directory: model.directory };
      const thrown = new Error('The transaction is to be undone');
      // Appends the pending entries of events: events.prune conflicts with entries that are appended meanwhile.
      expect(await db.events.verify()).toMatchObject({ valid: true });
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
        // The error may come from a comparison.
        if (error instanceof Error && error !== thrown) throw error;
        expect(error).toBe(thrown);
      }
    },
    toString: () => `${isCommitted ? 'committed' : 'undone'} transaction ${fc.stringify(calls)}`,
  };
}

/** Makes a call on the database and on the model, and compares the results. */
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
