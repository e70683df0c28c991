/** The PostgreSQL server of a run of the tests. */
export interface TestServer {
  /** A database of it to create others from. */
  readonly url: string;
  /** The name of the database that those of the tests are copies of; theirs begin with it. */
  readonly template: string;
}

const variable = 'TEST_SERVER';

/** Data for the workers of the run, which inherit the environment. */
export function announceTestServer(server: TestServer | { readonly missing: string }): void {
  process.env[variable] = JSON.stringify(server);
}

/** Why there is no server; undefined where there is one. */
export function whyNoTestServer(): string | undefined {
  const told = announced();
  return told !== undefined && 'missing' in told ? told.missing : undefined;
}

export function testServer(): TestServer {
  const told = announced();
  if (told === undefined || 'missing' in told) throw new Error('The PostgreSQL server of the tests was not started');
  return told;
}

function announced(): TestServer | { readonly missing: string } | undefined {
  const text = process.env[variable];
  // Nobody but `announceTestServer` sets it.
  return text === undefined ? undefined : (JSON.parse(text) as TestServer | { readonly missing: string });
}
