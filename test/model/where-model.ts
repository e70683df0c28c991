import type { AgentPatch, DatabaseErrorCode, DeleteWhereOptions, ResolutionQuery, UpdateWhereOptions } from '../../src';
import { deleteAgent, updateAgent } from './agent-model';
import { asOneCall, codesOf, fails, leaves, type Directory, type Prediction, type Settings } from './prediction';
import { findAgents, matchesNothing } from './resolution-model';

/** Predicts `agents.updateWhere`, which changes the matching agents one after the other, in the order of their ids. */
export function updateWhere(
  directory: Directory,
  settings: Settings,
  query: ResolutionQuery,
  patch: AgentPatch,
  { expect, ...options }: UpdateWhereOptions,
): Prediction {
  // A call for an unknown agent fails only when the patch is invalid.
  const isPatchRight = codesOf(updateAgent(directory, settings, { ...patch, id: 'unknown agent' })).length === 0;
  if (!isPatchRight || !isSelection(query) || !isNumber(expect)) return fails(directory, 'INVALID_INPUT');
  const ids = matchingIds(directory, settings, query);
  if (expect !== undefined && expect !== ids.length) return fails(directory, 'CONFLICT');
  const codes: DatabaseErrorCode[] = [];
  const after = ids.reduce((before, id) => {
    const prediction = updateAgent(before, settings, { ...patch, id }, options);
    codes.push(...codesOf(prediction));
    return codes.length > 0 ? before : prediction.next(true);
  }, directory);
  const [code] = codes;
  return code === undefined ? leaves(asOneCall(directory, after), ids.length) : fails(directory, code);
}

/** Predicts `agents.deleteWhere`, which deletes the matching agents one after the other, in the order of their ids. */
export function deleteWhere(
  directory: Directory,
  settings: Settings,
  query: ResolutionQuery,
  { expect }: DeleteWhereOptions,
): Prediction {
  if (!isSelection(query) || !isNumber(expect)) return fails(directory, 'INVALID_INPUT');
  const ids = matchingIds(directory, settings, query);
  if (expect !== undefined && expect !== ids.length) return fails(directory, 'CONFLICT');
  const after = ids.reduce((before, id) => deleteAgent(before, settings, id).next(true), directory);
  return leaves(asOneCall(directory, after), ids.length);
}

function matchingIds(directory: Directory, settings: Settings, query: ResolutionQuery): string[] {
  return findAgents(directory, settings, { ...query, orderBy: 'id' }).map(({ id }) => id);
}

/** Reports whether a query has a field that filters, and no field of the order or the range. */
function isSelection({ limit, offset, orderBy, orderDirection, ...filter }: ResolutionQuery): boolean {
  if ([limit, offset, orderBy, orderDirection].some((value) => value !== undefined)) return false;
  const { metadata = {}, includeExpired = true, ...fields } = filter;
  const values = Object.values({ ...metadata, ...fields, allCapabilities: undefined });
  const hasField = values.some((value) => value !== undefined);
  return hasField || !includeExpired || matchesNothing(filter);
}

function isNumber(expect: number | undefined): boolean {
  return expect === undefined || (Number.isSafeInteger(expect) && expect >= 0);
}
