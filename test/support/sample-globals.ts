/** Declares the names that the samples of the documentation use and do not declare. */
export const sampleGlobals = `
import type {
  AgentInput,
  Change,
  CertificateInput,
  DatabaseOptions,
  DatabaseService as Service,
  EventChainHead,
  isDatabaseError as isError,
  Logger,
  SecurityEventInput,
} from 'ans-database';
import type { prismaAdapter as createAdapter } from 'ans-database/prisma';

declare global {
  const db: Service;
  const DatabaseService: typeof Service;
  const isDatabaseError: typeof isError;
  const DatabaseServiceFactory: typeof import('ans-database').DatabaseServiceFactory;
  const driverErrorOf: typeof import('ans-database').driverErrorOf;
  const isStale: typeof import('ans-database').isStale;
  const parseAgentName: typeof import('ans-database').parseAgentName;
  const formatAgentName: typeof import('ans-database').formatAgentName;
  type CertificateQuery = import('ans-database').CertificateQuery;
  type DatabaseEvent = import('ans-database').DatabaseEvent;
  type ResolutionQuery = import('ans-database').ResolutionQuery;
  type SecurityEventQuery = import('ans-database').SecurityEventQuery;
  type TransactionScope = import('ans-database').TransactionScope;
  const PrismaClient: typeof import('ans-database/prisma').PrismaClient;
  const OwnPrismaClient: new (options: { adapter: ReturnType<typeof createAdapter> }) => OwnClient;
  const options: DatabaseOptions;
  type PrismaConfigOptions = import('ans-database/prisma-config').PrismaConfigOptions;
  const prismaConfig: typeof import('ans-database/prisma-config').prismaConfig;
  const externalTables: typeof import('ans-database/prisma-config').externalTables;
  const externalEnums: typeof import('ans-database/prisma-config').externalEnums;
  const url: string;
  const id: string;
  const successorId: string;
  const owner: string;
  const publicKey: string;
  const plannerId: string;
  const translatorId: string;
  const lastSequence: number;
  const certificateId: string;
  const agentId: string;
  const orderId: string;
  const prisma: import('ans-database/prisma').PrismaClient;
  const prismaAdapter: typeof import('ans-database/prisma').prismaAdapter;
  const agent: AgentInput;
  const agents: AgentInput[];
  const certificate: CertificateInput;
  const newCertificate: CertificateInput;
  const event: SecurityEventInput;
  const events: SecurityEventInput[];
  const error: unknown;
  const scheduleRetry: () => void;
  const reportToOperators: (message: string) => void;
  const logger: Logger;
  const signal: AbortSignal;
  const pino: () => Logger;
  const server: { close(onClosed: () => void): void };
  const app: { get(path: string, handle: (request: object, response: Response) => Promise<void>): void };
  const response: Response;
  const httpStatusOf: typeof import('ans-database/errors').httpStatusOf;
  const toProblemDetails: typeof import('ans-database/errors').toProblemDetails;
  const fromA2aCard: typeof import('ans-database/formats').fromA2aCard;
  const fromMcpServer: typeof import('ans-database/formats').fromMcpServer;
  const instrument: typeof import('ans-database/opentelemetry').instrument;
  const createTestDatabase: typeof import('ans-database/testing').createTestDatabase;
  const fakeClock: typeof import('ans-database/testing').fakeClock;
  const registerTestAgent: typeof import('ans-database/testing').registerTestAgent;
  const testAgent: typeof import('ans-database/testing').testAgent;
  const testCertificate: typeof import('ans-database/testing').testCertificate;
  const testEvent: typeof import('ans-database/testing').testEvent;
  const certificateFromPem: typeof import('ans-database/x509').certificateFromPem;
  const readFile: (path: string, encoding: 'utf8') => Promise<string>;
  const histogram: { record(value: number, attributes: object): void };
  const counter: { add(value: number, attributes: object): void };
  const loadPosition: () => Promise<number | undefined>;
  const savePosition: (position: number) => Promise<void>;
  const apply: (change: Change, record: object | null) => Promise<void>;
  const saveElsewhere: (head: EventChainHead) => Promise<void>;
  const loadFromElsewhere: () => Promise<EventChainHead>;
}

interface OwnClient {
  readonly order: { create(args: { data: object }): Promise<object> };
}

interface Response {
  status(code: number): Response;
  type(mediaType: string): Response;
  json(body: object): Response;
}
`;
