import { certificateInput, createCertificate } from '../support/factories';
import { nonJsonValues, unstorableTexts, unstorableTimes, valuesBut } from '../support/bad-values';
import { callUntyped, expectRefused } from '../support/expect-error';
import { shareTestDatabase } from '../support/test-database';

const shared = shareTestDatabase({}, ({ db }) => createCertificate(db, { id: 'known', metadata: { a: 1 } }));

type BadField = readonly [title: string, fields: object, field: string];

function eachOf(field: string, values: readonly (readonly [string, unknown])[], fields: object = {}): BadField[] {
  return values.map(([kind, value]) => [`${field}: ${kind}`, { ...fields, [field]: value }, field]);
}

const emptyText = ['an empty text', ''] as const;

const badFields: BadField[] = [
  ...['subject', 'issuer', 'publicKey', 'certificate', 'fingerprint'].flatMap((field) =>
    eachOf(field, [...valuesBut('text'), ...unstorableTexts]),
  ),
  ...eachOf('id', [...valuesBut('text', 'undefined'), emptyText, ...unstorableTexts]),
  ...eachOf('publicKey', [emptyText]),
  ...eachOf('fingerprint', [emptyText, ['colons only', ':::']]),
  ...['notBefore', 'notAfter'].flatMap((field) => eachOf(field, [...unstorableTimes, ['undefined', undefined]])),
  ...eachOf('createdAt', unstorableTimes),
  ...eachOf('revokedAt', unstorableTimes, { status: 'REVOKED' }),
  ...eachOf('status', [
    ...valuesBut('undefined'),
    emptyText,
    ['a status of agents', 'ACTIVE'],
    ['another case', 'valid'],
  ]),
  ...eachOf('metadata', valuesBut('object', 'undefined')),
  ...nonJsonValues.map(([kind, value]): BadField => [
    `metadata with ${kind}`,
    { metadata: { a: [value] } },
    'metadata',
  ]),
  ...eachOf('replacedBy', [...valuesBut('undefined'), emptyText, ...unstorableTexts]),
  ...eachOf('revocationReason', [...valuesBut('undefined'), emptyText, ['in another spelling', 'KEY_COMPROMISE']], {
    status: 'REVOKED',
  }),
];

describe('createCertificate refuses', () => {
  test.each(badFields)('%s', async (_, fields, field) => {
    const certificate = { ...certificateInput(), ...fields };
    const error = await expectRefused(shared(), 'INVALID_INPUT', () => shared().db.createCertificate(certificate));
    expect(error).toMatchObject({ field, operation: 'certificates.create', retryable: false });
    expect(error.message).toMatch(/^Failed to create certificate: /);
    expect(error.message).toContain(field);
  });

  test.each(['serialNumber', 'not_before', 'updatedAt'])('the unknown field %s', async (field) => {
    const certificate = { ...certificateInput(), [field]: 'x' };
    const error = await expectRefused(shared(), 'INVALID_INPUT', () => shared().db.createCertificate(certificate));
    expect(error.message).toContain(field);
  });

  test.each(valuesBut())('%s in place of a certificate', async (_, value) => {
    await expectRefused(shared(), 'INVALID_INPUT', () => callUntyped(shared().db, 'createCertificate', value));
  });
});

describe('getCertificate refuses', () => {
  test.each([...valuesBut('text'), emptyText, ...unstorableTexts])('%s for an id', async (_, id) => {
    const get = () => callUntyped(shared().db, 'getCertificate', id);
    expect((await expectRefused(shared(), 'INVALID_INPUT', get)).field).toBe('id');
  });
});

describe('getCertificateByFingerprint refuses', () => {
  test.each([...valuesBut('text'), ...unstorableTexts])('%s for a fingerprint', async (_, fingerprint) => {
    const get = () => callUntyped(shared().db, 'getCertificateByFingerprint', fingerprint);
    const error = await expectRefused(shared(), 'INVALID_INPUT', get);
    expect(error).toMatchObject({ field: 'fingerprint', operation: 'certificates.getByFingerprint' });
  });
});

describe('updateCertificateStatus refuses', () => {
  test.each([...valuesBut('text'), emptyText, ...unstorableTexts])('%s for an id', async (_, id) => {
    const update = () => callUntyped(shared().db, 'updateCertificateStatus', id, 'EXPIRED');
    expect((await expectRefused(shared(), 'INVALID_INPUT', update)).field).toBe('id');
  });

  test.each([...valuesBut(), emptyText, ['another case', 'revoked'] as const, ['an agent’s', 'ACTIVE'] as const])(
    '%s for a status',
    async (_, status) => {
      const update = () => callUntyped(shared().db, 'updateCertificateStatus', 'known', status);
      expect((await expectRefused(shared(), 'INVALID_INPUT', update)).field).toBe('status');
    },
  );
});
