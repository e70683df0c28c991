import { Failure, invalidInput } from '../errors/failure';
import {
  checkAnyTime,
  checkBoolean,
  checkObject,
  checkOneOf,
  checkText,
  checkWholeNumber,
  ifDefined,
} from '../validation/checks';
import type { Validator } from '../validation/validator';
import { requiresPrimary } from '../options/read-options';
import type { ChainLink } from './chain/hashing';
import { parseNewEvent, type NewEventRow } from './validation';
import type { PruneBatch } from './chain/prune';
import type { Mitigation } from './commands';
import type { EventGrouping } from './types';

const aggregateFields = new Set(['by'] as const);
const bucketFields = new Set(['bucketMs'] as const);
const mitigationFields = new Set(['applied', 'details'] as const);
const verifyFields = new Set(['consistency', 'expected'] as const);
const headFields = new Set(['sequence', 'hash'] as const);
const pruneFields = new Set(['before', 'batchSize'] as const);

const fieldGroupings = ['eventType', 'severity', 'source', 'target'] as const;
const maxBucketMs = 36_525 * 86_400_000;
/** Number of security events that one transaction prunes by default. */
export const pruneSize = 500;
const maxPruneSize = 10_000;

/**
 * Parses security events to be recorded together, and adds the defaults.
 *
 * @throws INVALID_INPUT for the first invalid event
 */
export function parseNewEvents(input: unknown, nowMs: number, checks: Validator): NewEventRow[] {
  return checks.batch(input, 'events', (event, path) => {
    try {
      return parseNewEvent(event, nowMs, checks);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // Adds the path of the event, such as `events[3]`, because the failure names only the field within one event.
      const { code, field, message, cause } = error;
      const fieldPath = field === undefined || field === 'event' ? path : `${path}.${field}`;
      throw new Failure(code, `${path}: ${message}`, { field: fieldPath, cause });
    }
  });
}

/**
 * Parses the grouping of `events.aggregate`.
 *
 * @throws INVALID_INPUT when it is invalid
 */
export function parseGrouping(input: unknown): EventGrouping {
  const { by } = checkObject(input, 'options', aggregateFields);
  if (typeof by === 'string') return checkOneOf(by, fieldGroupings, 'by');
  if (by === undefined) throw invalidInput('by', 'must be given: a field of events, or an object with bucketMs');
  const { bucketMs } = checkObject(by, 'by', bucketFields);
  return { bucketMs: checkWholeNumber(bucketMs, 'by.bucketMs', 1, maxBucketMs) };
}

/**
 * Parses the mitigation of a security event.
 *
 * @throws INVALID_INPUT when it is invalid
 */
export function parseMitigation(id: unknown, input: unknown, checks: Validator): Mitigation {
  const eventId = checks.id(id, 'id');
  const { applied, details } = checkObject(input, 'mitigation', mitigationFields);
  return {
    eventId,
    applied: checkBoolean(applied, 'applied'),
    details: ifDefined(details, 'details', checks.text) ?? null,
  };
}

/**
 * Parses the options of `events.prune`.
 *
 * @throws INVALID_INPUT when they are invalid
 */
export function parsePruneOptions(input: unknown): PruneBatch {
  const { before, batchSize } = checkObject(input, 'options', pruneFields);
  const checkSize = (value: unknown, field: string): number => checkWholeNumber(value, field, 1, maxPruneSize);
  return {
    before: checkAnyTime(before, 'before'),
    size: ifDefined(batchSize, 'batchSize', checkSize) ?? pruneSize,
  };
}

/**
 * Parses the options of `events.verify`. Returns the head that the event chain must contain; undefined when no head is
 * expected. Also returns undefined for the head of an empty chain, because every chain begins like an empty one.
 *
 * @throws INVALID_INPUT when the options are invalid
 */
export function parseVerifyOptions(input: unknown): ChainLink | undefined {
  if (input === undefined) return undefined;
  const { consistency, expected } = checkObject(input, 'options', verifyFields);
  requiresPrimary({ consistency });
  return ifDefined(expected, 'expected', checkHead);
}

function checkHead(value: unknown, field: string): ChainLink | undefined {
  const head = checkObject(value, field, headFields);
  const sequence = checkWholeNumber(head.sequence, `${field}.sequence`, 0, Number.MAX_SAFE_INTEGER);
  const hash = checkText(head.hash, `${field}.hash`).toLowerCase();
  if (sequence === 0) {
    if (hash !== '') throw invalidInput(`${field}.hash`, 'must be empty when the sequence is 0');
    return undefined;
  }
  if (!/^[0-9a-f]{64}$/.test(hash)) throw invalidInput(`${field}.hash`, 'must be 64 hexadecimal digits');
  return { sequence, hash };
}
