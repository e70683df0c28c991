import { setTimeout as sleep } from 'node:timers/promises';
import { driverErrorOf, isDatabaseError, type DatabaseError, type DatabaseService } from '../../src';
import { agentInput, certificateInput, eventInput } from '../support/factories';
import { Account, nothing, trace, type Notice, type Trace } from './account';

/** Number of faults of a server, a process or a connection: FAULT_ROUNDS, or ten by default. */
export const faultRounds = Number(process.env['FAULT_ROUNDS'] ?? 10);

export type Write = (work: Work, unit: string) => Promise<unknown>;

/** Calls whose statements are sent together, with their names. */
export const writes: readonly (readonly [name: string, write: Write])[] = [
  ['createAgent', (work, unit) => work.change(unit)],
  ['register', (work, unit) => work.register(unit)],
  ['createMany', (work, unit) => work.createMany(unit)],
  ['recordSecurityEvent', (work, unit) => work.record(unit)],
];

/** Reports whether the change of a failed call may have been committed. */
export function isInDoubt({ code, message }: DatabaseError): boolean {
  return code === 'UNAVAILABLE' && message.includes('may or may not have been kept');
}

/** Callers that write until they are stopped. */
export class Work {
  readonly account = new Account();
  readonly errors: DatabaseError[] = [];
  readonly #db: DatabaseService;
  readonly #certificateId: string;
  readonly #report: (notice: Notice) => void;
  #loops: readonly Promise<void>[] = [];
  #isOver = false;

  private constructor(db: DatabaseService, certificateId: string, report?: (notice: Notice) => void) {
    this.#db = db;
    this.#certificateId = certificateId;
    this.#report = report ?? ((notice) => this.account.hear(notice));
  }

  /** Starts eight callers, each of which waits for one call before it makes the next. */
  static async start(db: DatabaseService, report?: (notice: Notice) => void): Promise<Work> {
    const work = await Work.prepare(db, report);
    const transact: Write = (one, unit) => one.transact(unit);
    const revoke: Write = (one, unit) => one.revoke(unit);
    const change: Write = (one, unit) => one.change(unit);
    work.#loops = [change, transact, transact, revoke, ...writes.map(([, write]) => write)].map(work.#loop);
    return work;
  }

  /** Prepares for calls that a test makes itself. */
  static async prepare(db: DatabaseService, report?: (notice: Notice) => void): Promise<Work> {
    return new Work(db, await db.createCertificate(certificateInput({ subject: 'CN=of all' })), report);
  }

  /** Waits until `count` more calls have succeeded. */
  async goOn(count = 16): Promise<void> {
    const wanted = this.account.acknowledged + count;
    const end = performance.now() + 30_000;
    while (this.account.acknowledged < wanted) {
      await sleep(5);
      if (performance.now() > end) throw new Error(`The callers do not go on: ${String(this.errors.at(-1))}`);
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }

  /** Asserts that every failed call is retryable and has one of these codes. */
  expectPassing(codes: readonly string[]): void {
    const wrong = this.errors.filter(({ code, retryable }) => !retryable || !codes.includes(code));
    expect(wrong.map((error) => `${String(error)} ${String(driverErrorOf(error))}`)).toEqual([]);
  }

  report(what: string, rounds: number): void {
    const doubtful = this.errors.filter(isInDoubt).length;
    const counts = `${this.account.acknowledged} acknowledged, 0 lost, ${this.errors.length} failed`;
    process.stderr.write(`${what}: ${rounds} rounds, ${counts}, ${doubtful} of them in doubt\n`);
  }

  /** Registers an agent, changes every part of it, and deletes it unless its unit ends with 0. */
  async change(unit: string): Promise<void> {
    const first = this.#agent(unit);
    const id = await this.attempt(unit, agents(1), () => this.#db.createAgent(first));
    if (id === undefined) return;
    const { capabilities, ...changed } = this.#agent(unit, 1);
    const change = { ...changed, id, capabilities: ['other', ...(capabilities ?? [])] };
    const after = trace({ agents: 1, version: '1.0.1', parts: 5 });
    const isChanged = await this.attempt(unit, after, () => this.#db.updateAgent(change));
    if (isChanged === undefined || unit.endsWith('0')) return;
    await this.attempt(unit, nothing, () => this.#db.deleteAgent(id));
  }

  register(unit: string): Promise<unknown> {
    const registration = {
      certificate: certificateInput({ subject: unit }),
      agent: { ...this.#agent(unit), certificateId: undefined },
      event: eventInput({ source: unit }),
    };
    return this.attempt(unit, wholeUnit, () => this.#db.register(registration));
  }

  record(unit: string): Promise<unknown> {
    return this.attempt(unit, trace({ events: 1 }), () => this.#db.recordSecurityEvent(eventInput({ source: unit })));
  }

  createMany(unit: string): Promise<unknown> {
    const many = Array.from({ length: 5 }, () => this.#agent(unit));
    return this.attempt(unit, agents(5), () => this.#db.agents.createMany(many));
  }

  async revoke(unit: string): Promise<unknown> {
    const create = () => this.#db.createCertificate(certificateInput({ subject: unit }));
    const id = await this.attempt(unit, trace({ certificates: '1-VALID' }), create);
    if (id === undefined) return;
    const revoke = () => this.#db.updateCertificateStatus(id, 'REVOKED');
    return this.attempt(unit, trace({ certificates: '1-REVOKED' }), revoke);
  }

  /**
   * @param between - called before the first call of the transaction and after each call, with the number of calls
   * made.
   */
  transact(unit: string, between: (step: number) => unknown = () => undefined): Promise<unknown> {
    return this.attempt(unit, wholeUnit, () =>
      this.#db.transaction(async (tx) => {
        await between(0);
        const certificateId = await tx.createCertificate(certificateInput({ subject: unit }));
        await between(1);
        await tx.createAgent({ ...this.#agent(unit), certificateId });
        await between(2);
        await tx.recordSecurityEvent(eventInput({ source: unit }));
        await between(3);
      }),
    );
  }

  /** Makes a call after which the trace of the unit is `after`. Returns undefined when the call fails. */
  async attempt<T>(unit: string, after: Trace, call: () => Promise<T>): Promise<T | undefined> {
    this.#report([unit, 'begun', after]);
    try {
      const result = await call();
      this.#report([unit, 'done', '']);
      return result;
    } catch (error) {
      if (!isDatabaseError(error)) throw error;
      this.errors.push(error);
      this.#report([unit, isInDoubt(error) ? 'doubtful' : 'failed', error.code]);
      return undefined;
    }
  }

  readonly #loop = async (write: Write): Promise<void> => {
    const name = Math.random().toString(36).slice(2);
    for (let round = 0; !this.#isOver; round += 1) {
      const failures = this.errors.length;
      await write(this, `unit ${name}-${round}`);
      if (this.errors.length > failures) await sleep(5);
    }
  };

  /**
   * Returns an agent whose version, endpoint and metadata contain its revision, so that half of a change is detected.
   */
  #agent(unit: string, revision = 0) {
    const version = `1.0.${revision}`;
    const endpoint = { protocol: 'https', address: 'https://agent.example', port: 1000 + revision };
    const parts = { version, endpoints: [endpoint], capabilities: ['shared', unit], metadata: { version } };
    return agentInput({ certificateId: this.#certificateId, owner: unit, ...parts });
  }
}

/** Returns the trace of new agents, each of which has two capabilities, an endpoint and an entry of metadata. */
function agents(count: number): Trace {
  return trace({ agents: count, version: '1.0.0', parts: 4 * count });
}

const wholeUnit = trace({ agents: 1, version: '1.0.0', parts: 4, certificates: '1-VALID', events: 1 });
