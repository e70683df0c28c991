import { join, raw, Sql, sqltag } from '@prisma/client/runtime/client';

/*
 * Prisma's functions for composing SQL, which the generated client exports as `Prisma.sql`, `Prisma.join` and
 * `Prisma.raw`. This module imports them without loading the generated client. Every value becomes a bound parameter.
 * Pass only texts of this package to `raw`, and never input.
 */
export { join, raw, Sql, sqltag as sql };
