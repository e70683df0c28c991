import { c1, testDamages, whole, type Damage } from './damage';

const damages: readonly Damage[] = [
  [
    'an agent without its certificate',
    "UPDATE agents SET certificate_id = 'x' WHERE id = 'whole'",
    [{ check: 'foreign-key', ...whole, field: 'certificateId' }],
  ],
  [
    'another folded subject',
    "UPDATE certificates SET subject_folded = 'CN=Ärzte' WHERE id = 'c1'",
    [{ check: 'derived-column', ...c1, field: 'subjectFolded' }],
  ],
  [
    'another folded issuer',
    "UPDATE certificates SET issuer_folded = '' WHERE id = 'c1'",
    [{ check: 'derived-column', ...c1, field: 'issuerFolded' }],
  ],
  [
    'another key of a fingerprint',
    "UPDATE certificates SET fingerprint_key = 'AABBCC' WHERE id = 'c2'",
    [{ check: 'derived-column', entity: 'certificate', id: 'c2', field: 'fingerprintKey' }],
  ],
  [
    'another folded name',
    "UPDATE agents SET name_folded = 'Only' WHERE id = 'only'",
    [{ check: 'derived-column', entity: 'agent', id: 'only', field: 'nameFolded' }],
  ],
  [
    'another key of a version',
    "UPDATE agents SET version_key = '11' WHERE id = 'whole'",
    [{ check: 'derived-column', ...whole, field: 'versionKey' }],
  ],
  [
    'the key of a version that has none',
    "UPDATE agents SET version_key = '' WHERE id = 'plain'",
    [{ check: 'derived-column', entity: 'agent', id: 'plain', field: 'versionKey' }],
  ],
  [
    'a unique key of something else',
    "UPDATE agents SET unique_key = 'x' WHERE id = 'only'",
    [{ check: 'derived-column', entity: 'agent', id: 'only', field: 'uniqueKey' }],
  ],
  [
    'a default endpoint of nobody',
    "UPDATE agents SET default_endpoint_id = 'x' WHERE id = 'whole'",
    [{ check: 'default-endpoint', ...whole, field: 'defaultEndpoint' }],
  ],
  [
    'a default endpoint of another agent',
    "UPDATE agents SET default_endpoint_id = 'main' WHERE id = 'plain'",
    [{ check: 'default-endpoint', entity: 'agent', id: 'plain' }],
  ],
  ['an empty id', "UPDATE agents SET id = '' WHERE id = 'only'", [{ check: 'value', entity: 'agent', id: '' }]],
  [
    'two endpoints at one place',
    "UPDATE endpoints SET position = 0 WHERE agent_id = 'whole'",
    [{ check: 'endpoint-order', ...whole }],
  ],
  [
    'endpoints that begin behind the beginning',
    "UPDATE endpoints SET position = position + 1 WHERE agent_id = 'whole'",
    [{ check: 'endpoint-order', ...whole }],
  ],
  [
    'an endpoint without its agent',
    "UPDATE endpoints SET agent_id = 'x' WHERE agent_id = 'whole' AND id = 'main'",
    [
      { check: 'foreign-key', entity: 'endpoint', id: 'main', agentId: 'x' },
      { check: 'endpoint-order', ...whole },
    ],
  ],
  [
    'a port that there is not',
    "UPDATE endpoints SET port = 65536 WHERE id = 'main'",
    [{ check: 'value', entity: 'endpoint', id: 'main', agentId: 'whole', field: 'port' }],
  ],
  [
    'metadata of an endpoint that are no object',
    "UPDATE endpoints SET metadata = '[1]' WHERE id = 'main'",
    [{ check: 'metadata', entity: 'endpoint', id: 'main', agentId: 'whole' }],
  ],
  [
    'a capability that nobody has',
    "INSERT INTO capabilities VALUES ('o', 'orphan')",
    [{ check: 'orphan-capability', entity: 'capability', id: 'o' }],
  ],
  [
    'a capability that an agent has and that is gone',
    "DELETE FROM capabilities WHERE name = 'translate'",
    [{ check: 'foreign-key', ...whole, field: 'capabilities' }],
  ],
  [
    'a capability of an agent that is gone',
    "INSERT INTO agent_capabilities SELECT 'x', id FROM capabilities WHERE name = 'search'",
    [{ check: 'foreign-key', entity: 'capability', agentId: 'x', field: 'agentId' }],
  ],
  [
    'metadata that are no JSON',
    "UPDATE agent_metadata SET value = '{' WHERE agent_id = 'whole' AND key = 'limits'",
    [{ check: 'metadata', ...whole, key: 'limits' }],
  ],
  [
    'metadata that are not canonical',
    `UPDATE agent_metadata SET value = '{"b":1,"a":2}' WHERE agent_id = 'whole' AND key = 'limits'`,
    [{ check: 'metadata', ...whole, key: 'limits' }],
  ],
  [
    'a long value of metadata that is not canonical',
    "UPDATE agent_metadata SET value = value || ' ' WHERE agent_id = 'many-7' AND key = 'long'",
    [{ check: 'metadata', entity: 'agent', id: 'many-7', key: 'long' }],
  ],
  [
    'metadata of an agent that is gone',
    "INSERT INTO agent_metadata VALUES ('x', 'k', '1')",
    [{ check: 'foreign-key', entity: 'agent', id: 'x', key: 'k' }],
  ],
  [
    'metadata of a certificate that are not canonical',
    "UPDATE certificate_metadata SET value = '1e2' WHERE certificate_id = 'c1'",
    [{ check: 'metadata', ...c1, key: 'a' }],
  ],
  [
    'metadata of a certificate that is gone',
    "INSERT INTO certificate_metadata VALUES ('x', 'k', '1')",
    [{ check: 'foreign-key', entity: 'certificate', id: 'x', key: 'k' }],
  ],
  [
    'metadata of an event that is gone',
    "INSERT INTO security_event_metadata VALUES ('x', 'k', '1')",
    [{ check: 'foreign-key', entity: 'securityEvent', id: 'x', key: 'k' }],
  ],
  [
    'a successor that is not there',
    "UPDATE certificates SET replaced_by = 'x' WHERE id = 'c2'",
    [{ check: 'foreign-key', entity: 'certificate', id: 'c2', field: 'replacedBy' }],
  ],
  [
    'a certificate that replaces itself',
    "UPDATE certificates SET replaced_by = 'c2' WHERE id = 'c2'",
    [{ check: 'value', entity: 'certificate', id: 'c2', field: 'replacedBy' }],
  ],
  [
    'a revoked certificate that is valid again',
    "UPDATE certificates SET status = 'VALID' WHERE id = 'c2'",
    [{ check: 'value', entity: 'certificate', id: 'c2', field: 'status' }],
  ],
  [
    'a reason that there is not',
    "UPDATE certificates SET revocation_reason = 'x' WHERE id = 'c2'",
    [{ check: 'value', entity: 'certificate', id: 'c2', field: 'revocationReason' }],
  ],
  [
    'an agent with an empty name, version, owner and key',
    "UPDATE agents SET name = '', name_folded = '', version = '', version_key = NULL, owner = '', public_key = '', unique_key = NULL WHERE id = 'plain'",
    ['name', 'version', 'owner', 'publicKey'].map((field) => ({
      check: 'value' as const,
      entity: 'agent' as const,
      id: 'plain',
      field,
      message: 'is empty',
    })),
  ],
  [
    'a certificate with an empty key and fingerprint',
    "UPDATE certificates SET public_key = '', fingerprint = '', fingerprint_key = '' WHERE id = 'c1'",
    [
      { check: 'value', ...c1, field: 'fingerprint', message: 'is empty' },
      { check: 'value', ...c1, field: 'publicKey', message: 'is empty' },
    ],
  ],
  [
    'an event with an empty type',
    "UPDATE security_events SET event_type = '' WHERE id = 'e200'",
    [
      { check: 'value', entity: 'securityEvent', id: 'e200', field: 'eventType', message: 'is empty' },
      { check: 'event-chain', entity: 'securityEvent', id: 'e200' },
    ],
  ],
  [
    'a capability with an empty name',
    "UPDATE capabilities SET name = '' WHERE name = 'translate'",
    [{ check: 'value', entity: 'capability', field: 'name', message: 'is empty' }],
  ],
  [
    'an event that was changed',
    "UPDATE security_events SET source = 'x' WHERE id = 'e200'",
    [{ check: 'event-chain', entity: 'securityEvent', id: 'e200' }],
  ],
  [
    'a change without a record',
    "UPDATE changes SET entity_id = '' WHERE sequence = (SELECT min(sequence) FROM changes)",
    [{ check: 'value', entity: 'change', field: 'id' }],
  ],
];

describe('check finds', () => testDamages(damages));
