import fc from 'fast-check';
import { DatabaseError, type DatabaseService, type TransactionScope } from '../../src';
import { operation } from './arbitraries';
import { predict, type Operation } from './model';
import { generatedId, type Directory, type Outcome, type Settings } from './prediction';
import { isSame } from './text';

/** The model at some point in a sequence of calls. */
export interface Model {
  directory: Directory;
}

/** The database, and the clock that it goes by. */
export interface Real {
  readonly db: DatabaseService;
  readonly clock: { nowMs: number };
}

export const limits = { lifetimeMs: 86_400_000, maxResults: 4 };

type Command = fc.AsyncCommand<Model, Real, true>;

/** Sequences of calls, alone and in transactions, while time passes. */
export function commandSequences(maxCommands: number): fc.Arbitrary<Iterable<Command>> {
  const inside = fc.array(operation, { minLength: 1, maxLength: 6 });
  return fc.commands(
    [
      operation.map((call) => callCommand(call)),
      operation.map((call) => callCommand(call)),
      operation.map((call) => callCommand(call)),
      operation.map((call) => callCommand(call)),
      fc.tuple(inside, fc.boolean()).map(([calls, isCommitted]) => transactionCommand(calls, isCommitted)),
      fc.constantFrom(1, 500, 1000).map((ms) => timeCommand(ms)),
    ],
    { maxCommands, size: 'max' },
  );
}

function callCommand(call: Operation): Command {
  return {
    check: () => Promise.resolve(true),
    run: (model, { db, clock }) => runAndCompare(model, db, call, settingsAt(clock)),
    toString: () => fc.stringify(call),
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

function isRead({ kind }: Operation): boolean {
  return kind.startsWith('get') || kind.startsWith('query');
}

export function settingsAt({ nowMs }: Real['clock']): Settings {
  return { nowMs, ...limits };
}

/** Makes a call on the database and on the model, and compares what they answer. */
export async function runAndCompare(
  model: Model,
  target: DatabaseService | TransactionScope,
  call: Operation,
  settings: Settings,
): Promise<void> {
  const prediction = predict(model.directory, call, settings);
  const actual = await outcomeOf(() => perform(target, call));
  if (!prediction.outcomes.some((expected) => isMatch(expected, actual))) {
    const described = { call, actual };
    expect(described).toStrictEqual({
      call,
      actual: prediction.outcomes.length === 1 ? prediction.outcomes[0] : prediction.outcomes,
    });
    throw new Error(`Differs: ${fc.stringify(described)}, expected ${fc.stringify(prediction.outcomes)}`);
  }
  if ('result' in actual) model.directory = prediction.next(actual.result);
}

const uuidv7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function isMatch(expected: Outcome, actual: Outcome): boolean {
  if ('code' in expected) return 'code' in actual && actual.code === expected.code;
  if ('code' in actual) return false;
  if (expected.result === generatedId) return typeof actual.result === 'string' && uuidv7.test(actual.result);
  return isSame(expected.result, actual.result);
}

async function outcomeOf(work: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { result: await work() };
  } catch (error) {
    if (error instanceof DatabaseError) return { code: error.code };
    throw error;
  }
}

function perform(target: DatabaseService | TransactionScope, call: Operation): Promise<unknown> {
  switch (call.kind) {
    case 'createCertificate':
      return target.createCertificate(call.input);
    case 'getCertificate':
      return target.getCertificate(call.id);
    case 'getCertificateByFingerprint':
      return target.getCertificateByFingerprint(call.fingerprint);
    case 'updateCertificateStatus':
      return target.updateCertificateStatus(call.id, call.status);
    case 'createAgent':
      return target.createAgent(call.input);
    case 'getAgent':
      return target.getAgent(call.id);
    case 'updateAgent':
      return target.updateAgent(call.input);
    case 'deleteAgent':
      return target.deleteAgent(call.id);
    case 'queryAgents':
      return target.queryAgents(call.query);
    case 'recordSecurityEvent':
      return target.recordSecurityEvent(call.input);
    case 'querySecurityEvents':
      return target.querySecurityEvents(call.query);
  }
}
