import { agentInput, certificateInput, createAgent, createCertificate } from '../support/factories';
import { rawRows } from '../support/raw-reader';
import { everyRound, expectBothWays, historiesOf, openTwice, race, rounds } from '../support/race';

const endpoints = [{ id: 'new', protocol: 'https', address: 'https://new.example', port: 443 }];

describe('certificates.rotate during concurrent calls', () => {
  test('rotate replaces the certificate of every agent and overwrites no concurrent change of updateAgent or createAgent', async () => {
    const { database, db, other } = await openTwice();
    await everyRound(async (round) => {
      const oldId = await createCertificate(db, { id: `old${round}` });
      const id = await createAgent(db, { id: `a${round}`, certificateId: oldId, name: 'before' });
      const change = { name: 'after', metadata: { round }, capabilities: [`c${round % 3}`], endpoints };
      const outcomes = await race(
        round,
        () => db.certificates.rotate(oldId, certificateInput({ id: `new${round}` })),
        () => other.updateAgent({ id, ...change }),
        () => other.createAgent(agentInput({ id: `late${round}`, certificateId: oldId })),
      );
      expect(outcomes).toEqual([`new${round}`, true, `late${round}`]);
      expect(await db.getAgent(id)).toMatchObject({
        ...change,
        certificateId: `new${round}`,
        endpoints: [{ id: 'new', port: 443 }],
      });
      expect(await db.getCertificate(oldId)).toMatchObject({ replacedBy: `new${round}`, status: 'VALID' });
    });
    const historyOf = await historiesOf(database);
    const ways = new Set<boolean>();
    for (let round = 0; round < rounds; round += 1) {
      expect(historyOf(`AGENT a${round}`).kinds).toEqual(['CREATED', 'UPDATED', 'UPDATED']);
      const { kinds, positions } = historyOf(`AGENT late${round}`);
      const [, rotation = NaN] = historyOf(`CERTIFICATE old${round}`).positions;
      const wasThere = (positions[0] ?? NaN) < rotation;
      expect(kinds).toEqual(wasThere ? ['CREATED', 'UPDATED'] : ['CREATED']);
      const certificateId = wasThere ? `new${round}` : `old${round}`;
      expect(await db.getAgent(`late${round}`)).toMatchObject({ certificateId });
      ways.add(wasThere);
    }
    expectBothWays(ways);
  });

  test('rotate does not replace another certificate that a concurrent updateAgent gives the agent', async () => {
    const { database, db, other } = await openTwice();
    const elsewhere = await createCertificate(db, { id: 'elsewhere' });
    await everyRound(async (round) => {
      const oldId = await createCertificate(db, { id: `old${round}` });
      const id = await createAgent(db, { id: `a${round}`, certificateId: oldId });
      const outcomes = await race(
        round,
        () => db.certificates.rotate(oldId, certificateInput({ id: `new${round}` })),
        () => other.updateAgent({ id, certificateId: elsewhere }),
      );
      expect(outcomes).toEqual([`new${round}`, true]);
      // If the rotation ran first, the update then replaces the new certificate. Otherwise the rotation does not find
      // the agent, which no longer has the old certificate.
      expect(await db.getAgent(id)).toMatchObject({ certificateId: elsewhere });
    });
    const historyOf = await historiesOf(database);
    const ways = new Set<boolean>();
    for (let round = 0; round < rounds; round += 1) {
      const { kinds, positions } = historyOf(`AGENT a${round}`);
      const [, rotation = NaN] = historyOf(`CERTIFICATE old${round}`).positions;
      const isRotatedFirst = rotation < (positions.at(-1) ?? NaN);
      expect(kinds).toEqual(isRotatedFirst ? ['CREATED', 'UPDATED', 'UPDATED'] : ['CREATED', 'UPDATED']);
      ways.add(isRotatedFirst);
    }
    expectBothWays(ways);
  });

  test('concurrent rotations give a certificate only one successor and do not overwrite a revocation', async () => {
    const { database, db, other } = await openTwice();
    const ways = new Set<boolean>();
    await everyRound(async (round) => {
      const oldId = await createCertificate(db, { id: `old${round}` });
      const agentId = await createAgent(db, { certificateId: oldId });
      const [first, second, revoked] = await race(
        round,
        () => db.certificates.rotate(oldId, certificateInput()),
        () => other.certificates.rotate(oldId, certificateInput()),
        () => db.certificates.revoke(oldId, { reason: 'superseded', agents: 'revoke' }),
      );
      const isFirst = typeof first === 'string';
      expect([first, second][isFirst ? 1 : 0]).toEqual({ code: 'CONFLICT' });
      const replacedBy = isFirst ? first : second;
      expect(await db.getCertificate(oldId)).toMatchObject({ status: 'REVOKED', replacedBy });
      const agent = await db.getAgent(agentId);
      expect(agent?.certificateId).toBe(replacedBy);
      expect(revoked).toEqual({ revoked: true, agents: agent?.status === 'REVOKED' ? [agentId] : [] });
      ways.add(isFirst);
    });
    expect(await rawRows(database, 'certificates')).toHaveLength(2 * rounds);
    expectBothWays(ways);
  });
});

describe('certificates.delete during concurrent calls', () => {
  test('exactly one of certificates.delete and a concurrent createAgent with the certificate succeeds', async () => {
    const { db, other } = await openTwice();
    const ways = new Set<boolean>();
    await everyRound(async (round) => {
      const certificateId = await createCertificate(db, { id: `c${round}`, metadata: { round } });
      const id = `a${round}`;
      const [deleted, created] = await race(
        round,
        () => db.certificates.delete(certificateId),
        () => other.createAgent(agentInput({ id, certificateId })),
      );
      const isHeld = created === id;
      expect([deleted, created]).toEqual(
        isHeld ? [{ code: 'STILL_REFERENCED' }, id] : [true, { code: 'REFERENCE_NOT_FOUND' }],
      );
      expect((await db.getCertificate(certificateId)) !== null).toBe(isHeld);
      expect((await db.getAgent(id)) !== null).toBe(isHeld);
      ways.add(isHeld);
    });
    expectBothWays(ways);
  });

  test('certificates.delete removes the link from the predecessor, unless a concurrent rotation has replaced the link', async () => {
    const { db, other } = await openTwice();
    await everyRound(async (round) => {
      const oldId = await createCertificate(db, { id: `old${round}` });
      const newId = await db.certificates.rotate(oldId, certificateInput({ id: `new${round}` }));
      const [deleted, status, rotated] = await race(
        round,
        () => db.certificates.delete(newId),
        () => other.updateCertificateStatus(newId, 'SUSPENDED'),
        () => other.certificates.rotate(oldId, certificateInput({ id: `third${round}` })),
      );
      expect(deleted).toBe(true);
      expect([true, false]).toContainEqual(status);
      expect([`third${round}`, { code: 'CONFLICT' }]).toContainEqual(rotated);
      const { replacedBy } = (await db.getCertificate(oldId)) ?? {};
      expect(replacedBy).toBe(typeof rotated === 'string' ? rotated : undefined);
      expect(await db.getCertificate(newId)).toBeNull();
    });
  });
});
