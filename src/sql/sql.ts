import { join, raw, Sql, sqltag } from '@prisma/client/runtime/client';

/*
 * Prisma's own way to compose SQL, as `Prisma.sql` and its companions of the generated client are, but without loading
 * that client: every value becomes a bound parameter. `raw` is for names of our own only, never for anything from outside.
 */
export { join, raw, Sql, sqltag as sql };
