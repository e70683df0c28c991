import fc, { type Arbitrary } from 'fast-check';
import { postgresqlDialect } from '../../src/engines/postgresql/dialect';
import { sqliteDialect } from '../../src/engines/sqlite/dialect';
import { fieldsIn, type CandidateSource, type FilterFields } from '../../src/query/filter-field';
import { sql } from '../../src/sql/sql';
import { queryKinds, type QueryKind } from './samples';

const dialects = [
  ['SQLite', sqliteDialect],
  ['PostgreSQL', postgresqlDialect],
] as const;

const allFields = queryKinds.flatMap((kind) =>
  Object.keys(kind.samples).map((field) => [kind.name, field, kind] as const),
);

describe.each(dialects)('Query statements on %s', (_, dialect) => {
  test.each(allFields)(
    'query statements differ between two values of a field: %s by %s',
    (_noun, field, { samples, needed, build }) => {
      const values = samples[field] ?? [];
      const built = [undefined, ...values].map((value) => build({ ...needed[field], [field]: value }, dialect));
      const texts = built.map((statements) => JSON.stringify(statements));
      // An absent flag has the same meaning as one of its values.
      const isFlag = field === 'allCapabilities' || field === 'includeExpired';
      // Only "latest" has a single value.
      expect(values.length).toBeGreaterThan(field === 'latest' ? 0 : 1);
      expect(new Set(texts).size).toBe(isFlag ? values.length : values.length + 1);
    },
  );

  test.each(queryKinds)('query statements have one bound value for each placeholder: $name', ({ samples, build }) => {
    for (const [field, values] of Object.entries(samples)) {
      for (const value of values) {
        for (const { sql: text, args } of build({ [field]: value }, dialect) ?? []) {
          expect({ field, value, placeholders: text.split('?').length - 1 }).toEqual({
            field,
            value,
            placeholders: args.length,
          });
        }
      }
    }
  });
});

const runs = Number(process.env['PROPERTY_RUNS'] ?? 60);

/** Generates queries with any of the fields, each with one of its sample values. */
function queryOf({ samples }: QueryKind): Arbitrary<object> {
  const fields = Object.entries(samples).map(([field, values]) => [field, fc.constantFrom(...values)] as const);
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
}

describe.each(queryKinds)('Random queries for $name', (kind) => {
  test('random queries build the same statements with and without cached texts', () => {
    let compared = 0;
    const property = fc.property(queryOf(kind), fc.constantFrom(...dialects), (query, [, dialect]) => {
      const cached = kind.build(query, dialect);
      // A copy of the dialect has no cached texts.
      expect(cached).toEqual(kind.build(query, { ...dialect }));
      if (cached !== null) compared += 1;
    });
    fc.assert(property, { numRuns: runs });
    expect(compared).toBeGreaterThan(runs / 3);
  });
});

describe('The table of filter fields', () => {
  const { field } = fieldsIn<object, CandidateSource>();
  const parse = (): string => 'x';
  const condition = () => sql`TRUE`;

  test('the table of filter fields does not compile when a field of the query is missing or unknown', () => {
    const known = field({ parse, condition });
    // @ts-expect-error -- the field "other" is missing.
    const missing = { known } satisfies FilterFields<'known' | 'other', object, CandidateSource>;
    // @ts-expect-error -- the query has no field "other".
    const unknown = { known, other: known } satisfies FilterFields<'known', object, CandidateSource>;
    expect([missing, unknown]).toHaveLength(2);
  });

  test('the table of filter fields does not compile without the validation or the condition of a field', () => {
    // @ts-expect-error -- the condition is missing.
    const withoutCondition = field({ parse });
    // @ts-expect-error -- the validation is missing.
    const withoutParse = field({ condition });
    expect([withoutCondition, withoutParse]).toHaveLength(2);
  });

  test('the table of filter fields does not compile when a condition reads the filter value, because its SQL is cached', () => {
    // @ts-expect-error -- the input has the cache key of the value, not the value.
    const reading = field({ parse, condition: ({ value }) => sql`${value}` });
    expect(reading.name).toBeUndefined();
  });
});
