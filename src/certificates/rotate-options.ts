import { checkBoolean, checkObject, ifDefined } from '../validation/checks';

const optionNames = new Set(['allowRevokedCertificate'] as const);

/** Returns whether the new certificate may be REVOKED. @throws INVALID_INPUT */
export function parseRotateOptions(input: unknown = {}): boolean {
  const { allowRevokedCertificate } = checkObject(input, 'options', optionNames);
  return ifDefined(allowRevokedCertificate, 'options.allowRevokedCertificate', checkBoolean) ?? false;
}
