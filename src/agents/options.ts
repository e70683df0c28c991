import { invalidInput } from '../errors/failure';
import { checkBoolean, checkObject, checkOneOf, checkTime, ifDefined } from '../validation/checks';
import { Uniqueness } from './types';

const createNames = new Set(['unique', 'allowRevokedCertificate'] as const);
const createManyNames = new Set(['unique', 'allowRevokedCertificate', 'onError', 'onProgress'] as const);
const changeNames = new Set(['ifUpdatedAt'] as const);
const updateNames = new Set(['ifUpdatedAt', 'allowRevokedCertificate'] as const);

/** Validated options of a registration. */
export interface RegistrationRules {
  readonly uniqueness: Uniqueness;
  /** True when a REVOKED certificate is accepted. */
  readonly allowsRevoked: boolean;
}

/** Validated options of registering many agents. */
export interface BatchRules extends RegistrationRules {
  /** True when a refused agent does not prevent the registration of the other agents. */
  readonly mayCollect: boolean;
  /** Listener that receives the number of processed agents and the number of all agents. Never throws. */
  readonly onProgress: (done: number, total: number) => void;
}

/** Validated options of a change. */
export interface ChangeRules {
  /** Required `updatedAt` of the stored agent, in milliseconds since 1970; undefined when any time is accepted. */
  readonly ifUpdatedAt: number | undefined;
  readonly allowsRevoked: boolean;
}

/** Parses the options of a registration. @throws INVALID_INPUT when they are invalid */
export function parseCreateOptions(input: unknown = {}): RegistrationRules {
  const { unique, allowRevokedCertificate } = checkObject(input, 'options', createNames);
  return { uniqueness: parseUniqueness(unique), allowsRevoked: parseAllowRevoked(allowRevokedCertificate) };
}

/** Parses the options of registering many agents. @throws INVALID_INPUT when they are invalid */
export function parseCreateManyOptions(input: unknown = {}): BatchRules {
  const { unique, allowRevokedCertificate, onError, onProgress } = checkObject(input, 'options', createManyNames);
  return {
    uniqueness: parseUniqueness(unique),
    allowsRevoked: parseAllowRevoked(allowRevokedCertificate),
    mayCollect: ifDefined(onError, 'options.onError', checkOnError) === 'collect',
    onProgress: ifDefined(onProgress, 'options.onProgress', checkProgress) ?? (() => undefined),
  };
}

/**
 * Parses the options of a change that cannot attach an agent to a certificate. @throws INVALID_INPUT when they are
 * invalid
 */
export function parseChangeOptions(input: unknown = {}): ChangeRules {
  const { ifUpdatedAt } = checkObject(input, 'options', changeNames);
  return { ifUpdatedAt: parseIfUpdatedAt(ifUpdatedAt), allowsRevoked: false };
}

/** Parses the options of an update. @throws INVALID_INPUT when they are invalid */
export function parseUpdateOptions(input: unknown = {}): ChangeRules {
  const { ifUpdatedAt, allowRevokedCertificate } = checkObject(input, 'options', updateNames);
  return { ifUpdatedAt: parseIfUpdatedAt(ifUpdatedAt), allowsRevoked: parseAllowRevoked(allowRevokedCertificate) };
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

function checkOnError(value: unknown, field: string): 'abort' | 'collect' {
  return checkOneOf(value, ['abort', 'collect'] as const, field);
}

function checkProgress(value: unknown, field: string): (done: number, total: number) => void {
  if (typeof value !== 'function') throw invalidInput(field, 'must be a function');
  return (done, total) => {
    // The listener may be asynchronous. A rejected promise that nobody handles would end the process.
    try {
      const result: unknown = Reflect.apply(value, undefined, [done, total]);
      Promise.resolve(result).catch(() => undefined);
    } catch {
      // An error of the listener must not fail the call.
    }
  };
}
