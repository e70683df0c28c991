/** True when LONG_TESTS is set. A file whose name ends in `.sampled.test.ts` tests all its values then. */
export const isLongRun = process.env['LONG_TESTS'] !== undefined;

/** Returns all values in the long run, and each `step`th in the everyday run. */
export function sampled<T>(values: readonly T[], step: number): readonly T[] {
  return isLongRun ? values : values.filter((_, index) => index % step === 0);
}
