import fc from 'fast-check';
import type { CreateResult, UpsertManyOptions } from '../../src';
import * as agents from './agent-arbitraries';
import { createCertificates, createMany, deleteMany, updateMany } from './batch-model';
import * as certificates from './certificate-arbitraries';
import { call } from './operation';
import { agentId, pool, someOf } from './pools';
import { upsertMany } from './upsert-model';
import { deleteWhere, updateWhere } from './where-model';

/** Mostly undefined: another number than that of the matching agents refuses the call. */
const expect = pool(undefined, undefined, undefined, undefined, 0, 1, 2, -1);

const upsertManyOptions: fc.Arbitrary<UpsertManyOptions> = fc.record({
  by: pool<UpsertManyOptions['by']>('id', 'owner-name-version'),
  allowRevokedCertificate: agents.allowRevokedCertificate,
});

/** Random calls that write many agents or certificates, as in `calls.ts`. */
export const batchCalls = [
  call(
    4,
    'agents.createMany',
    [agents.agentInputs, agents.createManyOptions],
    createMany,
    async (target, inputs, options) => withoutMadeUpIds(inputs, await target.agents.createMany(inputs, options)),
  ),
  call(4, 'agents.updateMany', [fc.array(agents.agentUpdate, { maxLength: 4 }), agents.updateManyOptions], updateMany),
  call(4, 'agents.upsertMany', [agents.agentInputs, upsertManyOptions], upsertMany),
  call(1, 'agents.deleteMany', [someOf(agentId)], deleteMany),
  call(
    3,
    'agents.updateWhere',
    [
      agents.facetQuery,
      agents.agentChange,
      fc.record({ expect, allowRevokedCertificate: agents.allowRevokedCertificate }),
    ],
    updateWhere,
  ),
  call(1, 'agents.deleteWhere', [agents.facetQuery, fc.record({ expect })], deleteWhere),
  call(
    2,
    'certificates.createMany',
    [fc.array(certificates.certificateInput, { maxLength: 3 }), fc.record({ onError: agents.onError })],
    createCertificates,
    async (target, inputs, options) => withoutMadeUpIds(inputs, await target.certificates.createMany(inputs, options)),
  ),
];

/** The contract does not define whether the result of a refused record without an id contains an id. */
function withoutMadeUpIds(inputs: readonly { readonly id?: string | undefined }[], results: readonly CreateResult[]) {
  return results.map((result, place) =>
    result.ok || inputs[place]?.id !== undefined ? result : { ok: false, error: result.error },
  );
}
