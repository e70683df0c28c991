/** The PostgreSQL server of a run of the tests. */
export interface TestServer {
  /** URL of a database from which others can be created. */
  readonly url: string;
  /** Name of the database that the tests copy. The names of the copies begin with it. */
  readonly template: string;
}

const variable = 'TEST_SERVER';

/** Passes the server to the workers of the run, which inherit the environment. */
export function announceTestServer(server: TestServer | { readonly missing: string }): void {
  process.env[variable] = JSON.stringify(server);
}

/** Returns the reason why there is no server; undefined when there is one. */
export function whyNoTestServer(): string | undefined {
  const server = announced();
  return server !== undefined && 'missing' in server ? server.missing : undefined;
}

export function testServer(): TestServer {
  const server = announced();
  if (server === undefined || 'missing' in server) throw new Error('the PostgreSQL server was not started');
  return server;
}

function announced(): TestServer | { readonly missing: string } | undefined {
  const text = process.env[variable];
  // Only `announceTestServer` sets the variable.
  return text === undefined ? undefined : (JSON.parse(text) as TestServer | { readonly missing: string });
}
