import type { Row, Statement } from '../sql/statement';

/** Yielded where a reading computes for long, so that everything else in the process gets its turn. */
export const pause = Symbol('pause');

/** Queries, each given by a `yield` that gives back its rows. */
export type Reading<T> = Generator<Statement | typeof pause, T, readonly Row[]>;
