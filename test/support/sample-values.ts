import { writeFileSync, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import * as main from '../../src';
import * as errors from '../../src/errors';
import * as formats from '../../src/formats';
import * as opentelemetry from '../../src/opentelemetry';
import * as prisma from '../../src/prisma';
import * as prismaConfig from '../../src/prisma-config';
import * as testing from '../../src/testing';
import * as x509 from '../../src/x509';
import { createAgent, createCertificate, agentInput, certificateInput, eventInput } from './factories';
import { changeRaw } from './raw-writer';
import { openTestDatabase } from './test-database';

type Listener = () => unknown;

/** Values and modules that a sample can use, and its cleanup. `values` has the names of `sampleGlobals`. */
export interface SampleContext {
  readonly values: Readonly<Record<string, unknown>>;
  readonly require: (name: string) => unknown;
  /** Waits for the handlers that the sample has registered, and closes the databases that it has opened. */
  readonly finish: () => Promise<void>;
}

/** Creates a database with some records, and the files that samples read in the working directory. */
export async function createSampleContext(directory: string): Promise<SampleContext> {
  const { db, options } = await openTestDatabase();
  const opened: main.DatabaseService[] = [];
  class DatabaseService extends main.DatabaseService {
    constructor(given?: main.DatabaseOptions) {
      super(given);
      opened.push(this);
    }
  }
  const packages: Readonly<Record<string, object>> = {
    'ans-database': { ...main, DatabaseService },
    'ans-database/errors': errors,
    'ans-database/formats': formats,
    'ans-database/opentelemetry': opentelemetry,
    'ans-database/prisma': prisma,
    'ans-database/prisma-config': prismaConfig,
    'ans-database/testing': testing,
    'ans-database/x509': x509,
    // The body of a test runs as a part of this one.
    'node:test': { test: runTest },
    '@jest/globals': { test: runTest, expect },
  };
  const handlers: Promise<unknown>[] = [];
  function runTest(_name: string, work: (t: { after: (end: Listener) => void }) => Promise<void>): void {
    const ends: Listener[] = [];
    handlers.push(work({ after: (end) => ends.push(end) }).finally(() => Promise.all(ends.map((end) => end()))));
  }
  const listeners: Listener[] = [];
  let head: main.EventChainHead | undefined;
  const response = { status: () => response, type: () => response, json: () => response };

  writeFiles(directory);
  await changeRaw({ options }, 'CREATE TABLE orders (id INTEGER PRIMARY KEY, agent_id TEXT, text TEXT)');
  const certificateId = await createCertificate(db, { fingerprint: '3F:0A:91:7C' });
  const agentId = await createAgent(db, { certificateId, capabilities: ['translate', 'plan'] });
  const values: Readonly<Record<string, unknown>> = {
    ...Object.fromEntries(Object.values(packages).flatMap((exported) => Object.entries(exported))),
    db,
    url: options.url,
    options: { url: options.url },
    certificateId,
    id: agentId,
    agentId,
    plannerId: agentId,
    translatorId: await createAgent(db, { certificateId }),
    successorId: await createAgent(db, { certificateId }),
    owner: 'test-owner',
    publicKey: agentInput({ certificateId }).publicKey,
    orderId: '1',
    lastSequence: 1,
    agent: agentInput({ certificateId }),
    agents: [agentInput({ certificateId }), agentInput({ certificateId })],
    certificate: certificateInput(),
    newCertificate: certificateInput(),
    event: eventInput(),
    events: [eventInput(), eventInput()],
    error: new Error('an error of the application'),
    prisma: new prisma.PrismaClient({ adapter: prisma.prismaAdapter(db) }),
    scheduleRetry: () => undefined,
    reportToOperators: () => undefined,
    logger: silentLogger,
    pino: () => silentLogger,
    signal: AbortSignal.timeout(300),
    server: { close: (onClosed: Listener) => onClosed() },
    app: { get: (_path: string, handle: (...args: object[]) => Promise<void>) => handlers.push(handle({}, response)) },
    response,
    readFile,
    histogram: { record: () => undefined },
    counter: { add: () => undefined },
    loadPosition: () => Promise.resolve(undefined),
    savePosition: () => Promise.resolve(),
    apply: () => Promise.resolve(),
    saveElsewhere: (saved: main.EventChainHead) => Promise.resolve((head = saved)),
    loadFromElsewhere: () => Promise.resolve(head ?? { sequence: 0, hash: '' }),
    process: { env: {}, once: (_signal: string, listener: Listener) => listeners.push(listener) },
    console: { ...silentConsole },
  };

  return {
    values,
    // Jest finds the other packages from this file.
    require: (name) => packages[name] ?? jest.requireActual<object>(name),
    finish: async () => {
      await Promise.all(handlers);
      for (const listener of listeners) listener();
      await main.DatabaseServiceFactory.resetDatabase();
      await Promise.all(opened.map((service) => service.close()));
    },
  };
}

const silentLogger: main.Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

const silentConsole = {
  log: () => undefined,
  debug: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  assert: (condition: boolean) => expect(condition).toBe(true),
};

function writeFiles(directory: string): void {
  writeFileSync(join(directory, 'agent.pem'), rootCertificates[0] ?? '');
  for (const folder of ['backups', 'tenants']) mkdirSync(join(directory, folder));
}
