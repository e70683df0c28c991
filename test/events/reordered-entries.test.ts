import { changeRaw } from '../support/raw-writer';
import { addEvent, copyEntry, openChain, shift } from './chain';

/** Moves the entries to the positions from `first` on, in the order of their present positions in `order`. */
function arrange(first: number, order: readonly number[]): string {
  const moves = order.map(
    (from, index) => `UPDATE security_event_entries SET sequence = ${-(first + index)} WHERE sequence = ${from}`,
  );
  return [...moves, 'UPDATE security_event_entries SET sequence = -sequence WHERE sequence < 0'].join(';');
}

describe('events.verify() reports', () => {
  test.each([
    { order: [8, 6, 9, 7], eventId: 'e6', title: 'three entries exchanged in a circle' },
    { order: [7, 8, 9, 6], eventId: 'e5', title: 'an entry moved behind three later ones' },
    { order: [8, 9, 6, 7], eventId: 'e6', title: 'two entries moved behind two later ones' },
  ])('reordered for $title', async ({ order, eventId }) => {
    const database = await openChain();
    await changeRaw(database, arrange(6, order));
    const result = await database.db.events.verify();
    expect(result).toEqual({ valid: false, entries: 5, break: { reason: 'reordered', sequence: 6, eventId } });
  });

  test('inserted for an entry that was inserted before two right ones and another inserted one', async () => {
    const database = await openChain();
    const insert = (sequence: number): string => `${shift(sequence, 1)}; ${copyEntry(5, sequence, 'x')}`;
    await changeRaw(database, `${addEvent}; ${insert(8)}; ${insert(6)}`);
    const result = await database.db.events.verify();
    expect(result).toEqual({ valid: false, entries: 5, break: { reason: 'inserted', sequence: 6, eventId: 'x' } });
  });
});
