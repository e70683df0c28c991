import { createAgents } from '../support/factories';
import { shareTestDatabase } from '../support/test-database';

/** Names of the agents by agent id. */
const names: Readonly<Record<string, string>> = {
  percent: '100% sure',
  underscore: 'snake_case',
  dash: 'snake-case',
  backslash: 'back\\slash',
  star: 'a*b?c[d]',
  quote: `it's "quoted"`,
  upperSigma: 'ΟΔΟΣ',
  finalSigma: 'οδος',
  lowerSigma: 'οδοσ',
  dottedI: 'İstanbul',
  plainI: 'istanbul',
  decomposedI: 'i\u0307stanbul',
  sharpS: 'straße',
  capitalSharpS: 'STRAẞE',
  cyrillic: 'МОСКВА',
  deseret: '𐐔𐐇𐐝',
  kelvin: '300 \u212A',
  decomposed: 'Cafe\u0301',
  emoji: '👩‍🚀 guide',
};

const shared = shareTestDatabase({}, ({ db }) =>
  createAgents(db, Object.keys(names), (id) => ({ name: names[id] ?? '' })),
);

async function found(name: string): Promise<string[]> {
  const agents = await shared().db.queryAgents({ name });
  return agents.map(({ id }) => id).sort();
}

describe('name', () => {
  test.each<[string, string[]]>([
    ['100%', ['percent']],
    ['%', ['percent']],
    ['e_c', ['underscore']],
    ['k\\s', ['backslash']],
    ['*', ['star']],
    ['[D]', ['star']],
    [`'S "`, ['quote']],
  ])('the filter `name` matches %s literally', async (part, ids) => {
    expect(await found(part)).toEqual(ids);
  });

  test.each<[string, string[]]>([
    ['ΟΔΟΣ', ['lowerSigma', 'upperSigma']],
    ['οδος', ['finalSigma']],
    ['İSTANBUL', ['dottedI']],
    ['ISTANBUL', ['plainI']],
    ['STANBUL', ['decomposedI', 'dottedI', 'plainI']],
    ['I\u0307', ['decomposedI']],
    ['straße', ['capitalSharpS', 'sharpS']],
    ['STRASSE', []],
    ['осКВ', ['cyrillic']],
    ['𐐼𐐯𐑅', ['deseret']],
    ['300 k', ['kelvin']],
    ['CAFE\u0301', ['decomposed']],
    ['🚀 GUIDE', ['emoji']],
  ])('the filter `name` matches %s by the lower-case form of each code point', async (part, ids) => {
    expect(await found(part)).toEqual(ids);
  });

  test('the filter `name` follows the same rules when the query has other fields', async () => {
    const { db } = shared();
    const query = { ids: ['upperSigma', 'finalSigma', 'percent'], name: 'οΔοσ' };
    expect((await db.queryAgents(query)).map(({ id }) => id)).toEqual(['upperSigma']);
    expect((await db.queryAgents({ owner: 'test-owner', name: '%' })).map(({ id }) => id)).toEqual(['percent']);
  });
});

describe('exactName', () => {
  test.each(Object.entries(names))(
    'the filter `exactName` matches only the agent with exactly this name: %s',
    async (id, name) => {
      const agents = await shared().db.queryAgents({ exactName: name });
      expect(agents.map((agent) => agent.id)).toEqual([id]);
    },
  );
});
