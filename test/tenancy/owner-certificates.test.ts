import { expectError } from '../support/expect-error';
import { agentInput, certificateInput } from '../support/factories';
import { expectNoChange, openTwoOwners } from './two-owners';

const reason = { reason: 'superseded', agents: 'revoke' } as const;

describe('a certificate that is not held only by agents of the owner', () => {
  test.each(['c-other', 'unheld', 'shared', 'unknown'])(
    'a scope reads only certificates that its agents alone hold, and not the certificate %s',
    async (id) => {
      const { scope } = await openTwoOwners();
      expect(await scope.certificates.get(id)).toBeNull();
      expect(await scope.certificates.query({ ids: [id] })).toEqual([]);
      expect((await scope.certificates.query()).map((certificate) => certificate.id)).toEqual(['c-own']);
      for (const fingerprint of ['BB', 'CC', 'DD']) {
        expect(await scope.certificates.getByFingerprint(fingerprint)).toBeNull();
        expect(await scope.certificates.query({ fingerprint })).toEqual([]);
      }
    },
  );

  test.each(['c-other', 'unheld', 'shared', 'unknown'])(
    'a scope cannot attach a certificate that is missing or that its agents do not hold alone: %s',
    async (certificateId) => {
      const database = await openTwoOwners();
      const { agents } = database.scope;
      const options = { allowRevokedCertificate: true };
      const unknown = { entity: 'certificate', field: 'certificateId' };
      await expectNoChange(database, async () => {
        for (const given of [undefined, options]) {
          const agent = agentInput({ owner: 'own', certificateId });
          for (const call of [
            () => agents.create(agent, given),
            () => agents.update({ id: 'own', certificateId }, given),
          ]) {
            expect(await expectError('REFERENCE_NOT_FOUND', call)).toMatchObject(unknown);
          }
          const [result] = await agents.createMany([agent], { ...given, onError: 'collect' });
          expect(result).toMatchObject({ ok: false, error: { code: 'REFERENCE_NOT_FOUND', ...unknown } });
        }
      });
    },
  );

  test.each(['c-other', 'unheld', 'unknown'])(
    'revoke and rotate of a scope treat a certificate without agents of the owner as absent: %s',
    async (id) => {
      const database = await openTwoOwners();
      const { certificates } = database.scope;
      await expectNoChange(database, async () => {
        expect(await certificates.revoke(id, reason)).toBeNull();
        await expectError('REFERENCE_NOT_FOUND', () => certificates.rotate(id, certificateInput()));
        await expectError('ALREADY_EXISTS', () => certificates.rotate(id, certificateInput({ id: 'c-other' })));
      });
    },
  );

  test('revoke and rotate of a scope fail with CONFLICT when agents of another owner also hold the certificate', async () => {
    const database = await openTwoOwners();
    const { certificates } = database.scope;
    await expectNoChange(database, async () => {
      await expectError('CONFLICT', () => certificates.revoke('shared', reason));
      await expectError('CONFLICT', () => certificates.rotate('shared', certificateInput()));
    });
  });
});

describe('an own certificate', () => {
  test('a scope can read, attach, rotate and revoke a certificate of its owner', async () => {
    const { scope } = await openTwoOwners();
    expect(await scope.certificates.get('c-own')).toMatchObject({ id: 'c-own' });
    expect(await scope.certificates.getByFingerprint('aa')).toMatchObject({ id: 'c-own' });
    const id = await scope.agents.create({ ...agentInput({ certificateId: 'c-own' }), owner: undefined });
    expect(await scope.agents.get(id)).toMatchObject({ owner: 'own' });
    await scope.agents.createMany([agentInput({ id: 'n', owner: 'own', certificateId: 'c-own' })]);
    expect(await scope.agents.update({ id: 'own-shared', certificateId: 'c-own' })).toBe(true);
    const newId = await scope.certificates.rotate('c-own', certificateInput());
    expect(await scope.certificates.get('c-own')).toBeNull();
    const outcome = await scope.certificates.revoke(newId, reason);
    expect(outcome).toEqual({ revoked: true, agents: [id, 'n', 'own', 'own-shared'].sort() });
    expect((await scope.certificates.query()).map((certificate) => certificate.id)).toEqual([newId]);
  });

  test("a scope returns a certificate without replacedBy, which could be the id of another owner's certificate", async () => {
    const { db, scope } = await openTwoOwners();
    await db.certificates.rotate('c-own', certificateInput({ id: 'c-new' }));
    await db.agents.update({ id: 'own', certificateId: 'c-own' });
    await db.agents.update({ id: 'other', certificateId: 'c-new' });
    expect(await db.certificates.get('c-own')).toHaveProperty('replacedBy', 'c-new');
    const records = [
      await scope.certificates.get('c-own'),
      await scope.certificates.getByFingerprint('AA'),
      ...(await scope.certificates.query()),
      await scope.resolve({ name: 'planner' }).then((result) => Reflect.get(result, 'certificate') as object),
    ];
    expect(records).toHaveLength(4);
    for (const record of records) expect(record).not.toHaveProperty('replacedBy');
  });
});
