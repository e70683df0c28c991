import { DatabaseService } from '../../src';
import { agentInput, certificateInput } from '../support/factories';

/** Text in every stored value and in every argument; no printed error may contain it. */
export const secret = 's3cr3t-7f0e';

/** Certificate that must be stored before the calls. */
export const knownCertificate = certificateInput({ id: secret, fingerprint: secret, subject: secret });

/**
 * Calls that fail after {@link knownCertificate} and an agent of it are stored; the original errors contain the secret.
 */
export const provocations: Readonly<Record<string, (db: DatabaseService) => Promise<unknown>>> = {
  ALREADY_EXISTS: (db) => db.createCertificate({ ...knownCertificate, id: `${secret}-2` }),
  REFERENCE_NOT_FOUND: (db) => db.createAgent(agentInput({ name: secret, certificateId: `${secret}-unknown` })),
  CONSTRAINT_VIOLATION: (db) => db.createAgent(agentInput({ name: secret, owner: 'refused', certificateId: secret })),
  INVALID_INPUT: (db) => db.createAgent(throwingInput()),
  UNAVAILABLE: async () => {
    await using db = new DatabaseService({ url: `postgresql://${secret}:${secret}@${secret}.invalid/${secret}` });
    await db.initialize();
  },
};

/**
 * SQL of a trigger or constraint of the application that refuses every agent of one owner. The error of the engine
 * contains the secret.
 */
export const applicationConstraint = {
  sqlite: `CREATE TRIGGER refuse_owner BEFORE INSERT ON agents WHEN NEW.owner = 'refused'
    BEGIN SELECT RAISE(ABORT, '${secret}'); END`,
  postgresql: `ALTER TABLE agents ADD CONSTRAINT agents_owner_allowed CHECK (owner <> 'refused')`,
};

function throwingInput(): ReturnType<typeof agentInput> {
  return Object.defineProperty(agentInput({ certificateId: secret }), 'name', {
    enumerable: true,
    get: () => {
      const error = Object.assign(new AggregateError([new Error(secret)], secret), { code: secret, detail: secret });
      error.name = secret;
      error.cause = new Error(secret);
      throw error;
    },
  });
}
