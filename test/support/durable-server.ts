import { certificateInput } from './factories';
import { durableSettings, shareOwnServer, type OwnServer } from './own-server';

/**
 * Shares a server whose acknowledged commits are on the disk, with the certificate `c`. Each test fails when an error is
 * thrown that no code catches.
 */
export function shareDurableServer(): OwnServer {
  const uncaught: unknown[] = [];
  const collect = (error: unknown): void => void uncaught.push(error);
  const events = ['uncaughtException', 'unhandledRejection'];
  beforeAll(() => events.forEach((event) => process.on(event, collect)));
  afterAll(() => events.forEach((event) => process.off(event, collect)));
  afterEach(() => expect(uncaught.splice(0)).toEqual([]));
  return shareOwnServer((db) => db.createCertificate(certificateInput({ id: 'c' })), durableSettings);
}
