import { FrequentTextCache } from '../../src/sql/frequent-text-cache';

/** Returns a cache of 10 texts, with the texts that it has created and evicted. */
function newCache() {
  const made: string[] = [];
  const evicted: string[] = [];
  const cache = new FrequentTextCache<string>(10, (text) => evicted.push(text));
  const use = (text: string): string =>
    cache.getOrAdd(text, () => {
      made.push(text);
      return text;
    });
  return { cache, made, evicted, use };
}

describe('FrequentTextCache', () => {
  test('FrequentTextCache creates each value once while the number of texts is within its capacity', () => {
    const { made, evicted, use } = newCache();
    for (let round = 0; round < 3; round += 1) for (let text = 0; text < 10; text += 1) use(`text ${text}`);
    expect(made).toHaveLength(10);
    expect(evicted).toEqual([]);
  });

  test('FrequentTextCache keeps a frequently used text while many rare texts are requested', () => {
    const { cache, use } = newCache();
    for (let text = 0; text < 30; text += 1) use(`early ${text}`);
    for (let count = 0; count < 100; count += 1) use('frequent');
    for (let text = 0; text < 500; text += 1) use(`rare ${text}`);
    expect(cache.peek('frequent')).toBe('frequent');
  });

  test('FrequentTextCache evicts a text that was used once for a text that is used twice', () => {
    const { cache, evicted, use } = newCache();
    for (let text = 0; text < 10; text += 1) use(`once ${text}`);
    use('twice');
    expect(cache.peek('twice')).toBeUndefined();
    use('twice');
    expect(cache.peek('twice')).toBe('twice');
    expect(evicted).toHaveLength(1);
  });

  test('FrequentTextCache evicts texts that are no longer used', () => {
    const { cache, use } = newCache();
    for (let text = 0; text < 10; text += 1) for (let count = 0; count < 20; count += 1) use(`old ${text}`);
    for (let round = 0; round < 200; round += 1) for (let text = 0; text < 10; text += 1) use(`new ${text}`);
    for (let text = 0; text < 10; text += 1) expect(cache.peek(`new ${text}`)).toBe(`new ${text}`);
    for (let text = 0; text < 10; text += 1) expect(cache.peek(`old ${text}`)).toBeUndefined();
  });

  test('FrequentTextCache never exceeds its capacity', () => {
    const { cache, use } = newCache();
    const texts = Array.from({ length: 50 }, (_, text) => `text ${text}`);
    for (let round = 0; round < 50; round += 1) texts.forEach(use);
    expect(texts.filter((text) => cache.peek(text) !== undefined)).toHaveLength(10);
  });
});
