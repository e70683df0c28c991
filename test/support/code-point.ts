import fc, { type Arbitrary } from 'fast-check';

/** Any code point except surrogates. The unit `binary` of fast-check takes seconds to build a table of them. */
export const codePoint: Arbitrary<string> = fc
  .oneof(fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((value) => String.fromCodePoint(value));
