import {
  isDatabaseError,
  type AgentInput,
  type ChangeOptions,
  type CreateManyOptions,
  type DatabaseService,
  type Page,
  type PageOptions,
  type TransactionScope,
} from '../../src';
import { validChain } from './model';
import type { Operation } from './operation';
import type { Outcome } from './prediction';

export type Target = DatabaseService | TransactionScope;

/** Returns the outcome of a call on the database. */
export async function outcomeOf(target: Target, call: Operation): Promise<Outcome> {
  try {
    return { result: await perform(target, call) };
  } catch (error) {
    if (isDatabaseError(error)) return { code: error.code };
    throw error;
  }
}

function perform(target: Target, call: Operation): Promise<unknown> {
  return performOnCertificates(target, call) ?? performOnAgents(target, call) ?? performOnEvents(target, call);
}

function performOnCertificates(target: Target, call: Operation): Promise<unknown> | undefined {
  switch (call.kind) {
    case 'createCertificate':
      return target.createCertificate(call.input);
    case 'getCertificate':
      return target.getCertificate(call.id);
    case 'getCertificateByFingerprint':
      return target.getCertificateByFingerprint(call.fingerprint);
    case 'updateCertificateStatus':
      return target.updateCertificateStatus(call.id, call.status);
    case 'queryCertificates':
      return target.certificates.query(call.query);
    case 'queryExpiring':
      return target.certificates.expiring(call.withinMs);
    case 'setCertificateMetadata':
      return target.certificates.setMetadata(call.id, call.metadata);
    case 'deleteCertificate':
      return target.certificates.delete(call.id);
    case 'revoke':
      return target.certificates.revoke(call.id, call.options);
    case 'rotate':
      return target.certificates.rotate(call.oldId, call.input, call.options);
    case 'expireDueCertificates':
      return target.certificates.expireDue();
    case 'register':
      return target.register(call.input, call.options);
    default:
      return undefined;
  }
}

function performOnAgents(target: Target, call: Operation): Promise<unknown> | undefined {
  switch (call.kind) {
    case 'createAgent':
      return target.createAgent(call.input, call.options);
    case 'createMany':
      return createMany(target, call.inputs, call.options);
    case 'getAgent':
      return target.getAgent(call.id);
    case 'getManyAgents':
      return target.agents.getMany(call.ids);
    case 'updateAgent':
      return target.updateAgent(
        { id: call.id, ...call.input },
        { ...changeOptions(call), allowRevokedCertificate: call.allowRevokedCertificate },
      );
    case 'deleteAgent':
      return target.deleteAgent(call.id);
    case 'queryAgents':
      return target.queryAgents(call.query);
    case 'pageAgents':
      return allPages((page) => target.agents.page(call.query, page), call.size);
    case 'iterateAgents':
      return allOf(target.agents.iterate(call.query));
    case 'countAgents':
      return target.agents.count(call.query);
    case 'setStatus':
      return target.agents.setStatus(call.id, call.status, changeOptions(call));
    case 'setCapabilities':
      return target.agents.setCapabilities(call.id, call.names, changeOptions(call));
    case 'setMetadata':
      return target.agents.setMetadata(call.id, call.metadata, changeOptions(call));
    case 'mergeMetadata':
      return target.agents.mergeMetadata(call.id, call.metadata, changeOptions(call));
    case 'setEndpointHealth':
      return target.agents.setEndpointHealth(call.id, call.endpointId, call.health);
    case 'renew':
      return target.agents.renew(call.id, call.expiresAt, changeOptions(call));
    case 'expireDueAgents':
      return target.agents.expireDue();
    default:
      return undefined;
  }
}

function performOnEvents(target: Target, call: Operation): Promise<unknown> {
  switch (call.kind) {
    case 'recordSecurityEvent':
      return target.recordSecurityEvent(call.input);
    case 'recordMany':
      return target.events.recordMany(call.inputs);
    case 'getEvent':
      return target.events.get(call.id);
    case 'querySecurityEvents':
      return target.querySecurityEvents(call.query);
    case 'pageEvents':
      return allPages((page) => target.events.page(call.query, page), call.size);
    case 'iterateEvents':
      return allOf(target.events.iterate(call.query));
    case 'countEvents':
      return target.events.count(call.query);
    case 'aggregate':
      return target.events.aggregate(call.query, { by: call.by });
    case 'markMitigated':
      return target.events.markMitigated(call.id, call.mitigation);
    case 'prune':
      return target.events.prune(call.options);
    case 'verify':
      return target.events.verify().then((verified) => (verified.valid ? validChain : verified));
    default:
      throw new Error(`Nobody makes the call ${call.kind}`);
  }
}

function changeOptions({ ifUpdatedAt }: { readonly ifUpdatedAt?: Date | 'current' | undefined }): ChangeOptions {
  if (ifUpdatedAt === 'current') throw new Error('The call was not settled');
  return { ifUpdatedAt };
}

async function createMany(target: Target, inputs: readonly AgentInput[], options: CreateManyOptions): Promise<unknown> {
  const results = await target.agents.createMany(inputs, options);
  return results.map((result, place) => {
    // Whether a refused agent has an id that it was not given is left open.
    return result.ok || inputs[place]?.id !== undefined ? result : { ok: false, error: result.error };
  });
}

/** The records of all pages, each of which but the last one must be full. */
async function allPages<T>(page: (options: PageOptions) => Promise<Page<T>>, size?: number): Promise<T[]> {
  const records: T[] = [];
  for (let after: string | undefined; ;) {
    const { items, nextCursor } = await page({ after, size });
    records.push(...items);
    if (nextCursor === undefined ? items.length > (size ?? 100) : items.length !== (size ?? 100)) {
      throw new Error(`A page of ${size} has ${items.length} records`);
    }
    if (nextCursor === undefined) return records;
    after = nextCursor;
  }
}

export async function allOf<T>(records: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const record of records) all.push(record);
  return all;
}
