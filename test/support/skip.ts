import { engine, type Engine } from './engine';

/** Calls `describe`, or `describe.skip` when there is a reason, which is printed and added to the title. */
export function describeUnless(reason: string | undefined, title: string, work: () => void): void {
  if (reason === undefined) {
    describe(title, work);
    return;
  }
  process.stderr.write(`${title}: skipped: ${reason}\n`);
  describe.skip(`${title} (skipped: ${reason})`, work);
}

/** Calls `describe` on one engine, and `describe.skip` on the other. */
export function describeOn(wanted: Engine, title: string, work: () => void): void {
  if (engine === wanted) describe(title, work);
  else describe.skip(`${title} (skipped: ${wanted} only)`, work);
}

/** Calls `test` on one engine, and `test.skip` on the other. */
export function testOn(wanted: Engine, title: string, work: () => unknown): void {
  // Jest awaits any result, but its types accept only a promise or nothing.
  if (engine === wanted) test(title, work as () => Promise<unknown>);
  else test.skip(`${title} (skipped: ${wanted} only)`, work as () => Promise<unknown>);
}
