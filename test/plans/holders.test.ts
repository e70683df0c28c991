import { holderStatements } from '../../src/certificates/holder-statements';
import { certificateStatements } from '../../src/certificates/statements';
import type { Statement } from '../../src/sql/statement';
import { onPostgresql } from '../support/engine';
import { agentInput, createCertificate } from '../support/factories';
import { changeRaw } from '../support/raw-writer';
import { shareTestDatabase } from '../support/test-database';
import { dialect, readPlan } from './read-plan';

const shared = shareTestDatabase({}, async ({ db, options }) => {
  const certificateId = await createCertificate(db, { id: 'popular' });
  const agents = Array.from({ length: 1000 }, (_, place) => agentInput({ certificateId, owner: `owner-${place % 3}` }));
  await db.agents.createMany(agents);
  // An index-only scan needs the visibility map.
  if (onPostgresql) await changeRaw({ options }, 'VACUUM ANALYZE agents');
});

const parameters = { id: 'popular', certificateId: 'popular', owner: 'owner-1' };

describe('The plan of a statement about the owners of the agents that hold a certificate', () => {
  test.each<[string, Statement]>([
    ['selectOwnedById', certificateStatements(dialect).selectOwnedById(parameters)],
    ['selectOwners', holderStatements(dialect).selectOwners(parameters)],
  ])(
    "the query plan for the owners of a certificate's agents reads only the index of certificate and owner: %s",
    async (_, statement) => {
      const steps = (await readPlan(shared(), statement)).filter(
        (step) => step.includes('agents') || step.includes(' h '),
      );
      expect(steps.length).toBeGreaterThan(1);
      const byIndex = onPostgresql
        ? /^(->)? *Index Only Scan (Backward )?using idx_agents_certificate_id/
        : /^SEARCH \w+ USING COVERING INDEX idx_agents_certificate_id \(certificate_id=\?/;
      for (const step of steps) expect(step).toMatch(byIndex);
    },
  );
});
