import { checkObject, checkOneOf, checkTime, ifDefined } from '../validation/checks';
import { RevocationReason, type RevocationOptions } from './types';

/** A checked revocation. */
export interface ParsedRevocation {
  readonly reason: RevocationReason;
  readonly revokedAtMs: number;
  readonly agents: RevocationOptions['agents'];
}

const fieldNames = new Set(['reason', 'revokedAt', 'agents'] as const);

/** @throws INVALID_INPUT */
export function parseRevocation(input: unknown, nowMs: number): ParsedRevocation {
  const fields = checkObject(input, 'options', fieldNames);
  return {
    reason: checkOneOf(fields.reason, RevocationReason, 'reason'),
    revokedAtMs: ifDefined(fields.revokedAt, 'revokedAt', checkTime) ?? nowMs,
    agents: checkOneOf(fields.agents, ['keep', 'suspend', 'revoke'], 'agents'),
  };
}
