import type * as enumerations from '../generated/prisma/enums';

/*
 * Types of stored rows. They derive from the types that Prisma generates from prisma/schema.prisma, so code that does
 * not match a changed schema fails to compile. The imports are type-only, because loading the generated client takes
 * longer than opening a database.
 */

/** Name of an enumeration in the Prisma schema. */
export type EnumerationName = keyof typeof enumerations;

/** Enumeration of the Prisma schema: an object with the values of the enumeration as keys and values. */
export type Enumeration<Name extends EnumerationName> = (typeof enumerations)[Name];

/** Row of a Prisma model as statements bind it. Times are in milliseconds since 1970. */
export type BoundRow<Model> = { readonly [Field in keyof Model]: BoundValue<Model[Field]> };

type BoundValue<Value> = Value extends Date ? number : Value;

/** Values of the given fields of a row, in their order. */
export type ValuesOf<Row, Fields extends readonly (keyof Row)[]> = {
  readonly [Index in keyof Fields]: Row[Fields[Index]];
};

declare const expected: unique symbol;

/**
 * Stored value whose type was not checked yet. SQLite stores values of any type in any column, so the value may have
 * another type than `Value`. The functions in `stored.ts` check it.
 */
export interface Unchecked<Value> {
  readonly [expected]: Value;
}

/** Values of the given fields of a Prisma model, in their order, as a statement returns them. */
export type UncheckedValues<Model, Fields extends readonly (keyof Model)[]> = {
  readonly [Index in keyof Fields]: UncheckedValue<Model[Fields[Index]]>;
};

type UncheckedValue<Value> = Unchecked<NonNullable<Value>> | (null extends Value ? null : never);
