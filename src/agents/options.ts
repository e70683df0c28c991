import { parseBatchRules, type BatchRules } from '../runtime/batches';
import { checkBoolean, checkObject, checkOneOf, checkTime, ifDefined } from '../validation/checks';
import type { Validator } from '../validation/validator';
import type { UpsertManyOptions } from './batch-types';
import type { TransferOptions } from './transfer-types';
import { Uniqueness } from './types';

const createNames = new Set(['unique', 'allowRevokedCertificate'] as const);
const createManyNames = new Set(['unique', 'allowRevokedCertificate', 'onError', 'onProgress'] as const);
const updateManyNames = new Set(['allowRevokedCertificate', 'onError', 'onProgress'] as const);
const upsertManyNames = new Set(['by', 'allowRevokedCertificate', 'onProgress'] as const);
const changeNames = new Set(['ifUpdatedAt'] as const);
const transferNames = new Set(['to', 'ifOwner'] as const);
const updateNames = new Set(['ifUpdatedAt', 'allowRevokedCertificate'] as const);

/** Validated options of a call that registers one agent. */
export interface RegistrationRules {
  readonly uniqueness: Uniqueness;
  /** True when the call accepts a certificate that is REVOKED. */
  readonly allowsRevoked: boolean;
}

/** Validated options of `createMany`. */
export interface CreateManyRules extends RegistrationRules, BatchRules {}

/** Validated options of `updateMany`. */
export interface UpdateManyRules extends BatchRules {
  readonly allowsRevoked: boolean;
}

/** Validated options of `upsertMany`. */
export interface UpsertManyRules extends UpdateManyRules {
  readonly by: UpsertManyOptions['by'];
}

/** Validated options of a call that changes one agent. */
export interface ChangeRules {
  /** Required `updatedAt` of the stored agent, in milliseconds since 1970; undefined when any time is accepted. */
  readonly ifUpdatedAt: number | undefined;
  readonly allowsRevoked: boolean;
}

/**
 * Parses the options of a call that registers one agent.
 *
 * @throws INVALID_INPUT when the options are invalid
 */
export function parseCreateOptions(input: unknown = {}): RegistrationRules {
  const { unique, allowRevokedCertificate } = checkObject(input, 'options', createNames);
  return { uniqueness: parseUniqueness(unique), allowsRevoked: parseAllowRevoked(allowRevokedCertificate) };
}

/**
 * Parses the options of `createMany`.
 *
 * @throws INVALID_INPUT when the options are invalid
 */
export function parseCreateManyOptions(input: unknown = {}): CreateManyRules {
  const { unique, allowRevokedCertificate, onError, onProgress } = checkObject(input, 'options', createManyNames);
  return {
    uniqueness: parseUniqueness(unique),
    allowsRevoked: parseAllowRevoked(allowRevokedCertificate),
    ...parseBatchRules(onError, onProgress),
  };
}

/**
 * Parses the options of `updateMany`.
 *
 * @throws INVALID_INPUT when the options are invalid
 */
export function parseUpdateManyOptions(input: unknown = {}): UpdateManyRules {
  const { allowRevokedCertificate, onError, onProgress } = checkObject(input, 'options', updateManyNames);
  return { allowsRevoked: parseAllowRevoked(allowRevokedCertificate), ...parseBatchRules(onError, onProgress) };
}

/**
 * Parses the options of `upsertMany`.
 *
 * @throws INVALID_INPUT when the options are invalid
 */
export function parseUpsertManyOptions(input: unknown): UpsertManyRules {
  const { by, allowRevokedCertificate, onProgress } = checkObject(input, 'options', upsertManyNames);
  return {
    by: checkOneOf(by, ['id', 'owner-name-version'] as const, 'options.by'),
    allowsRevoked: parseAllowRevoked(allowRevokedCertificate),
    ...parseBatchRules(undefined, onProgress),
  };
}

/**
 * Parses the options of a call that changes an agent but not its certificate.
 *
 * @throws INVALID_INPUT when the options are invalid
 */
export function parseChangeOptions(input: unknown = {}): ChangeRules {
  const { ifUpdatedAt } = checkObject(input, 'options', changeNames);
  return { ifUpdatedAt: parseIfUpdatedAt(ifUpdatedAt), allowsRevoked: false };
}

/**
 * Parses the options of `update`.
 *
 * @throws INVALID_INPUT when the options are invalid
 */
export function parseUpdateOptions(input: unknown = {}): ChangeRules {
  const { ifUpdatedAt, allowRevokedCertificate } = checkObject(input, 'options', updateNames);
  return { ifUpdatedAt: parseIfUpdatedAt(ifUpdatedAt), allowsRevoked: parseAllowRevoked(allowRevokedCertificate) };
}

/**
 * Parses the options of `transfer`.
 *
 * @throws INVALID_INPUT when the options are invalid
 */
export function parseTransferOptions(input: unknown, checks: Validator): Readonly<TransferOptions> {
  const { to, ifOwner } = checkObject(input, 'options', transferNames);
  return { to: checks.id(to, 'options.to'), ifOwner: ifDefined(ifOwner, 'options.ifOwner', checks.id) };
}

function parseAllowRevoked(value: unknown): boolean {
  return ifDefined(value, 'options.allowRevokedCertificate', checkBoolean) ?? false;
}

function parseIfUpdatedAt(value: unknown): number | undefined {
  return ifDefined(value, 'options.ifUpdatedAt', checkTime);
}

function parseUniqueness(value: unknown): Uniqueness {
  return ifDefined(value, 'options.unique', (unique, field) => checkOneOf(unique, Uniqueness, field)) ?? 'none';
}
