import type { Row, Statement } from '../../sql/statement';

/** Yielded during long computations, so that other work of the process can run. */
export const pause = Symbol('pause');

/** Generator of queries: each `yield` of a query returns its rows. */
export type Reading<T> = Generator<Statement | typeof pause, T, readonly Row[]>;
