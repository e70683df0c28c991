import { c1, testDamages, whole, type Damage } from '../integrity/damage';

const known = [{ check: 'search-index', entity: 'agent', id: 'only' }] as const;
const triggers = 'DROP TRIGGER agent_names_insert; DROP TRIGGER agent_names_update; DROP TRIGGER agent_names_delete';
const lostTriggers = ['insert', 'update', 'delete'].map((name) => {
  return { check: 'schema', message: `the trigger agent_names_${name} is missing` } as const;
});
const dropTerms = `INSERT INTO agent_names_search (agent_names_search, rowid, name_folded)
  SELECT 'delete', key, name_folded FROM agent_names WHERE agent_id = 'only'`;

const damages: readonly Damage[] = [
  ['a status of an agent', "UPDATE agents SET status = 'X' WHERE id = 'whole'", [{ check: 'value', ...whole }]],
  [
    'a status of health',
    "UPDATE endpoints SET health_status = 'X' WHERE id = 'main'",
    [{ check: 'value', entity: 'endpoint', id: 'main', field: 'health.status' }],
  ],
  ['a status of a certificate', "UPDATE certificates SET status = 'X' WHERE id = 'c1'", [{ check: 'value', ...c1 }]],
  [
    'a severity',
    "UPDATE security_events SET severity = 'X' WHERE id = 'e200'",
    [
      { check: 'value', entity: 'securityEvent', id: 'e200', field: 'severity' },
      { check: 'event-chain', id: 'e200' },
    ],
  ],
  [
    'a kind of change',
    "UPDATE changes SET kind = 'X', entity = 'Y' WHERE sequence = 2",
    [
      { check: 'value', entity: 'change', id: '2', field: 'entity' },
      { check: 'value', entity: 'change', id: '2', field: 'kind' },
    ],
  ],
  [
    'a time that is a text',
    "UPDATE agents SET expires_at = '2026-01-01' WHERE id = 'whole'",
    [{ check: 'value', ...whole, field: 'expiresAt' }],
  ],
  [
    'a time beyond all times',
    "UPDATE certificates SET not_after = 9e15 WHERE id = 'c1'",
    [{ check: 'value', ...c1, field: 'notAfter' }],
  ],
  [
    'a name that is no text',
    "UPDATE certificates SET subject = x'00' WHERE id = 'c1'",
    [{ check: 'value', ...c1, field: 'subject' }],
  ],
  [
    'a number of the feed that would come again',
    "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'changes'",
    [{ check: 'change-feed' }],
  ],
  ['a trigger that is missing', triggers, lostTriggers],
  [
    'a name of which the index has another',
    "UPDATE agent_names SET name_folded = 'onlx' WHERE agent_id = 'only'",
    [...known, ...known],
  ],
  ['an agent that the index does not know', `${dropTerms}; DELETE FROM agent_names WHERE agent_id = 'only'`, known],
  [
    'an agent that the index knows and that is gone',
    `${triggers}; DELETE FROM agents WHERE id = 'only'`,
    [...lostTriggers, ...known],
  ],
  ['parts of a name that the index has lost', dropTerms, known],
  [
    'parts of a name that nobody has',
    "INSERT INTO agent_names_search (rowid, name_folded) VALUES (4711, 'phantom')",
    [{ check: 'search-index' }],
  ],
  [
    'a search index that is gone',
    `${triggers}; DROP TABLE agent_names_search`,
    [...lostTriggers, { check: 'unreadable' }],
  ],
];

describe('check finds', () => testDamages(damages));
