import { c1, testDamages, type Damage } from '../integrity/damage';

const damages: readonly Damage[] = [
  [
    'a time beyond all times',
    "UPDATE certificates SET not_after = 'infinity' WHERE id = 'c1'",
    [{ check: 'value', ...c1, field: 'notAfter' }],
  ],
  [
    'a foreign key that was not looked at',
    `ALTER TABLE endpoints DROP CONSTRAINT endpoints_agent_id_fkey; ALTER TABLE endpoints ADD CONSTRAINT
      endpoints_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES agents (id) ON DELETE CASCADE NOT VALID`,
    [{ check: 'schema', message: 'the foreign key endpoints_agent_id_fkey was never looked at' }],
  ],
  [
    'triggers that are switched off',
    'ALTER TABLE capabilities DISABLE TRIGGER ALL',
    [{ check: 'schema', message: 'triggers of the table capabilities are switched off' }],
  ],
  [
    'an index that cannot be used',
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_agents_name'::regclass",
    [{ check: 'schema', message: 'the index idx_agents_name cannot be used' }],
  ],
  [
    'a number of the feed that would come again',
    "SELECT setval('changes_sequence_seq', 3)",
    [{ check: 'change-feed' }],
  ],
  ['a table that is gone', 'DROP TABLE changes', [{ check: 'schema' }, { check: 'schema' }]],
];

describe('check finds', () => testDamages(damages));
