/**
 * Parsers of column values by the object id of the type. Values of all other types stay text. JSON is selected as text.
 */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't', // object id of boolean
  20: Number, // object id of bigint: counts, sequence numbers and times; valid values are less than 2^53
  23: Number, // object id of integer
  701: Number, // object id of double precision
};

/** Returns the parser for the column values of a type; undefined when the values stay text. */
export function parserOf(typeId: number): ((text: string) => unknown) | undefined {
  return parsers[typeId];
}
