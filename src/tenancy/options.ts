import { checkObject, checkOneOf, ifDefined } from '../validation/checks';
import { ScopeAccess } from './types';

const names = new Set(['access'] as const);

/**
 * Parses the options of `db.forOwner`. Returns the access of the owner scope.
 *
 * @throws INVALID_INPUT when the options are invalid
 */
export function parseScopeOptions(input: unknown = {}): ScopeAccess {
  const { access } = checkObject(input, 'options', names);
  return ifDefined(access, 'options.access', (value, field) => checkOneOf(value, ScopeAccess, field)) ?? 'write';
}
