import { checkPrimeSync } from 'node:crypto';
import { SetDigest } from '../../src/events/chain/set-digest';

function digestOf(members: readonly number[]): string {
  const digest = new SetDigest();
  for (const member of members) digest.add(member);
  return digest.toString();
}

describe('SetDigest', () => {
  test('a SetDigest is the same for any order of the members', () => {
    expect(digestOf([1, 2, 3])).toBe(digestOf([3, 1, 2]));
  });

  test('a SetDigest differs when a member differs or is added again', () => {
    const digests = [[], [1], [2], [1, 1], [1, 2], [12], [1, 2, 3]].map(digestOf);
    expect(new Set(digests).size).toBe(digests.length);
  });

  test('SetDigest computes the digest of a union from the digests of its parts', () => {
    const union = SetDigest.parse(digestOf([1, 2]));
    union?.addAll(SetDigest.parse(digestOf([3])) ?? new SetDigest());
    expect(union?.toString()).toBe(digestOf([1, 2, 3]));
  });

  test('SetDigest parses only its own serialized form', () => {
    expect(SetDigest.parse(digestOf([7]))?.toString()).toBe(digestOf([7]));
    for (const text of ['', '0', 'x'.repeat(768), digestOf([7]).toUpperCase(), 5, null]) {
      expect(SetDigest.parse(text)).toBeUndefined();
    }
  });

  test('SetDigest returns a digest below its modulus, which is a prime number', () => {
    const modulus = (1n << 3072n) - 1_103_717n;
    // The default number of checks takes seconds.
    expect(checkPrimeSync(modulus, { checks: 8 })).toBe(true);
    const members = Array.from({ length: 200 }, (_, index) => index);
    expect(BigInt(`0x${digestOf(members)}`)).toBeLessThan(modulus);
  });

  test('SetDigest returns the serialized form that stored event chains contain', () => {
    const expected = digestOf([1, 2]);
    expect(expected).toHaveLength(768);
    expect(expected.slice(0, 32)).toBe('bd090646d5d073982e504a1f540f3612');
  });
});
