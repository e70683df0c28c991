import { parseBatchRules, type BatchRules } from '../runtime/batches';
import { checkBoolean, checkObject, checkOneOf, checkTime, ifDefined } from '../validation/checks';
import { RevocationReason, type RevocationOptions } from './types';

/** Validated options of a revocation. */
export interface ParsedRevocation {
  readonly reason: RevocationReason;
  readonly revokedAtMs: number;
  readonly agents: RevocationOptions['agents'];
}

const revocationFields = new Set(['reason', 'revokedAt', 'agents'] as const);
const createManyFields = new Set(['onError', 'onProgress'] as const);
const rotationFields = new Set(['allowRevokedCertificate'] as const);

/**
 * Parses the options of a revocation.
 *
 * @throws INVALID_INPUT when they are invalid
 */
export function parseRevocation(input: unknown, nowMs: number): ParsedRevocation {
  const fields = checkObject(input, 'options', revocationFields);
  return {
    reason: checkOneOf(fields.reason, RevocationReason, 'reason'),
    revokedAtMs: ifDefined(fields.revokedAt, 'revokedAt', checkTime) ?? nowMs,
    agents: checkOneOf(fields.agents, ['keep', 'suspend', 'revoke'], 'agents'),
  };
}

/**
 * Parses the options of `certificates.createMany`.
 *
 * @throws INVALID_INPUT when they are invalid
 */
export function parseCreateManyOptions(input: unknown = {}): BatchRules {
  const { onError, onProgress } = checkObject(input, 'options', createManyFields);
  return parseBatchRules(onError, onProgress);
}

/**
 * Reports whether the options of `certificates.rotate` accept a new certificate that is REVOKED.
 *
 * @throws INVALID_INPUT when they are invalid
 */
export function parseRotateOptions(input: unknown = {}): boolean {
  const { allowRevokedCertificate } = checkObject(input, 'options', rotationFields);
  return ifDefined(allowRevokedCertificate, 'options.allowRevokedCertificate', checkBoolean) ?? false;
}
