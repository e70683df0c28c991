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
import type { PrismaClient, prismaAdapter as createAdapter } from 'ans-database/prisma';

declare global {
  const db: Service;
  const DatabaseService: typeof Service;
  const isDatabaseError: typeof isError;
  const prisma: PrismaClient;
  const prismaAdapter: typeof createAdapter;
  const OwnPrismaClient: new (options: { adapter: ReturnType<typeof createAdapter> }) => OwnClient;
  const options: DatabaseOptions;
  const url: string;
  const id: string;
  const owner: string;
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
  const logger: Logger;
  const signal: AbortSignal;
  const pino: () => Logger;
  const server: { close(onClosed: () => void): void };
  const app: { get(path: string, handle: (request: object, response: Response) => Promise<void>): void };
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
  json(body: object): Response;
}
`;
