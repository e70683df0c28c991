import { checkBoolean, checkObject, checkWholeNumber, ifDefined } from '../validation/checks';

const updateNames = new Set(['expect', 'allowRevokedCertificate'] as const);
const deleteNames = new Set(['expect'] as const);

/** Validated options of `updateWhere` and `deleteWhere`. */
export interface WhereRules {
  /** Required number of matching agents; undefined when any number is accepted. */
  readonly expect: number | undefined;
  readonly allowsRevoked: boolean;
}

/**
 * Parses the options of `updateWhere`.
 *
 * @throws INVALID_INPUT when the options are invalid
 */
export function parseUpdateWhereOptions(input: unknown = {}): WhereRules {
  const { expect, allowRevokedCertificate } = checkObject(input, 'options', updateNames);
  const allowsRevoked = ifDefined(allowRevokedCertificate, 'options.allowRevokedCertificate', checkBoolean) ?? false;
  return { expect: parseExpect(expect), allowsRevoked };
}

/**
 * Parses the options of `deleteWhere`.
 *
 * @throws INVALID_INPUT when the options are invalid
 */
export function parseDeleteWhereOptions(input: unknown = {}): WhereRules {
  const { expect } = checkObject(input, 'options', deleteNames);
  return { expect: parseExpect(expect), allowsRevoked: false };
}

function parseExpect(value: unknown): number | undefined {
  return ifDefined(value, 'options.expect', (number, field) =>
    checkWholeNumber(number, field, 0, Number.MAX_SAFE_INTEGER),
  );
}
