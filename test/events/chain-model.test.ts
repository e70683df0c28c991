import * as fc from 'fast-check';
import type { SecurityEventInput } from '../../src';
import { eventInput } from '../support/factories';
import { openTestDatabase } from '../support/test-database';

const t0 = Date.parse('2026-06-01T12:00:00.000Z');
const runs = 15;

type Step =
  | { readonly kind: 'record'; readonly seconds: readonly number[] }
  | {
      readonly kind: 'mitigate';
      readonly index: number;
      readonly applied: boolean;
      readonly details: string | undefined;
    }
  | { readonly kind: 'prune'; readonly second: number; readonly batchSize: number }
  | { readonly kind: 'reopen' };

const second = fc.integer({ min: 0, max: 30 });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('record'), seconds: fc.array(second, { maxLength: 8 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('mitigate'),
      index: fc.nat(40),
      applied: fc.boolean(),
      details: fc.option(fc.string(), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('prune'), second, batchSize: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen') }) },
);

/** Returns the expected events. */
class Model {
  readonly events = new Map<string, { at: number; applied: boolean; details: string | undefined }>();
  recorded = 0;
  pruned = 0;

  add(at: number): SecurityEventInput {
    const id = `e${(this.recorded += 1)}`;
    this.events.set(id, { at, applied: false, details: undefined });
    return eventInput({ id, timestamp: new Date(t0 + at * 1000), metadata: { at } });
  }

  prune(before: number): number {
    const old = [...this.events].filter(([, { at }]) => at < before);
    for (const [id] of old) this.events.delete(id);
    this.pruned += old.length;
    return old.length;
  }
}

describe('Whatever is recorded, mitigated and pruned, in whatever order', () => {
  test('the chain is right after each step, and the events are those that they should be', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { db } = await openTestDatabase();
        const model = new Model();
        for (const current of steps) {
          if (current.kind === 'record') {
            await db.events.recordMany(current.seconds.map((at) => model.add(at)));
          } else if (current.kind === 'mitigate') {
            const { index, applied, details } = current;
            const event = model.events.get(`e${index}`);
            const isText = !(details?.includes('\0') ?? false);
            if (!isText) continue;
            expect(await db.events.markMitigated(`e${index}`, { applied, details })).toBe(event !== undefined);
            if (event !== undefined) Object.assign(event, { applied, details });
          } else if (current.kind === 'prune') {
            const before = new Date(t0 + current.second * 1000);
            const count = await db.events.prune({ before, batchSize: current.batchSize });
            expect(count).toBe(model.prune(current.second));
          } else {
            await db.close();
            await db.initialize();
          }
          expect(await db.events.verify()).toMatchObject({ valid: true });
        }
        const found = await db.events.query();
        expect(
          new Map(
            found.map(({ id, timestamp, mitigationApplied, mitigationDetails }) => [
              id,
              { at: (timestamp.getTime() - t0) / 1000, applied: mitigationApplied, details: mitigationDetails },
            ]),
          ),
        ).toEqual(model.events);
        await db.close();
      }),
      { numRuns: runs },
    );
  });
});
