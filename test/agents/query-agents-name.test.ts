import { createAgent, createCertificate } from '../support/factories';
import { shareTestDatabase, type TestDatabase } from '../support/test-database';

/** Names of the agents by agent id. */
const names: Readonly<Record<string, string>> = {
  percent: '100% sure',
  number: '100 sure',
  underscore: 'snake_case',
  dash: 'snake-case',
  backslash: 'back\\slash',
  slash: 'back/slash',
  star: 'a*b?c[d]',
  quote: `it's "quoted"`,
  upperSigma: 'ΟΔΟΣ',
  finalSigma: 'οδος',
  lowerSigma: 'οδοσ',
  dottedI: 'İstanbul',
  plainI: 'istanbul',
  dotlessI: 'ısparta',
  decomposedI: 'i\u0307stanbul',
  sharpS: 'straße',
  doubleS: 'strasse',
  capitalSharpS: 'STRAẞE',
  cyrillic: 'МОСКВА',
  deseret: '𐐔𐐇𐐝',
  kelvin: '300 \u212A',
  composed: 'Café',
  decomposed: 'Cafe\u0301',
  ligature: 'ﬁle',
  titlecase: 'ǅungla',
  emoji: '👩‍🚀 guide',
};

async function fill({ db }: TestDatabase): Promise<void> {
  const certificateId = await createCertificate(db);
  for (const [id, name] of Object.entries(names)) await createAgent(db, { id, name, certificateId });
}

const shared = shareTestDatabase({}, fill);

async function found(name: string): Promise<string[]> {
  const agents = await shared().db.queryAgents({ name });
  return agents.map(({ id }) => id).sort();
}

describe('The field name', () => {
  test.each<[string, string[]]>([
    ['100%', ['percent']],
    ['%', ['percent']],
    ['_', ['underscore']],
    ['e_c', ['underscore']],
    ['\\', ['backslash']],
    ['k\\s', ['backslash']],
    ['k/s', ['slash']],
    ['*', ['star']],
    ['?', ['star']],
    ['[D]', ['star']],
    [`'S "`, ['quote']],
  ])('matches %s literally', async (part, ids) => {
    expect(await found(part)).toEqual(ids);
  });

  test.each<[string, string[]]>([
    ['ΟΔΟΣ', ['lowerSigma', 'upperSigma']],
    ['οδοσ', ['lowerSigma', 'upperSigma']],
    ['οδος', ['finalSigma']],
    ['ς', ['finalSigma']],
    ['Σ', ['lowerSigma', 'upperSigma']],
    ['İSTANBUL', ['dottedI']],
    ['İ', ['dottedI']],
    ['istanbul', ['plainI']],
    ['ISTANBUL', ['plainI']],
    ['STANBUL', ['decomposedI', 'dottedI', 'plainI']],
    ['I\u0307', ['decomposedI']],
    ['ı', ['dotlessI']],
    ['STRASSE', ['doubleS']],
    ['straße', ['capitalSharpS', 'sharpS']],
    ['STRAẞE', ['capitalSharpS', 'sharpS']],
    ['москва', ['cyrillic']],
    ['осКВ', ['cyrillic']],
    ['𐐼𐐯𐑅', ['deseret']],
    ['𐐇', ['deseret']],
    ['300 k', ['kelvin']],
    ['CAFÉ', ['composed']],
    ['CAFE', ['decomposed']],
    ['CAFE\u0301', ['decomposed']],
    ['FILE', []],
    ['ﬁLE', ['ligature']],
    ['ǆUNGLA', ['titlecase']],
    ['Ǆungla', ['titlecase']],
    ['🚀 GUIDE', ['emoji']],
    ['👩', ['emoji']],
  ])('matches %s by the lower-case form of each code point', async (part, ids) => {
    expect(await found(part)).toEqual(ids);
  });

  test('follows the same rules together with other fields', async () => {
    const { db } = shared();
    const query = { ids: ['upperSigma', 'finalSigma', 'percent'], name: 'οΔοσ' };
    expect((await db.queryAgents(query)).map(({ id }) => id)).toEqual(['upperSigma']);
    expect((await db.queryAgents({ owner: 'test-owner', name: '%' })).map(({ id }) => id)).toEqual(['percent']);
  });
});

describe('The field exactName', () => {
  test.each(Object.entries(names))('matches only the agent with this name: %s', async (id, name) => {
    const agents = await shared().db.queryAgents({ exactName: name });
    expect(agents.map((agent) => agent.id)).toEqual([id]);
  });
});
