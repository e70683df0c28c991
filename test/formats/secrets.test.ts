import type { JsonValue } from '../../src';
import { fromA2aCard, fromMcpServer } from '../../src/formats';

const secret = 'hunter2-Zx9';
const remote = (part: object): object => ({ remotes: [{ type: 'sse', url: 'https://h.example/', ...part }] });

function convert(fields: object): ReturnType<typeof fromMcpServer> {
  return fromMcpServer({ name: 'io.example/a', version: '1', ...fields });
}

/** The place of a secret, and the part of a document that contains it. */
type Secret = readonly [place: string, part: object];

const ofRemotes: readonly Secret[] = [
  ['headers[0].value', { headers: [{ name: 'X-Anything', value: secret }] }],
  ['headers[0].value', { headers: [{ name: 'Authorization', value: `Bearer ${secret}` }] }],
  ['headers[0].default', { headers: [{ name: 'X-Api-Key', default: secret }] }],
  ['headers[0].default', { headers: [{ name: 'X', isSecret: true, default: secret }] }],
  ['headers[0].choices[1]', { headers: [{ name: 'X', isSecret: true, choices: ['{a}', secret] }] }],
  ['headers.Cookie', { headers: { Cookie: secret } }],
  ['headers.X-Custom.value', { headers: { 'X-Custom': { value: secret } } }],
  [
    'headers[0].variables.t.default',
    { headers: [{ name: 'X', value: '{t}', variables: { t: { isSecret: true, default: secret } } }] },
  ],
  ['variables.api_key.value', { variables: { api_key: { value: secret } } }],
  ['url', { url: `https://user:${secret}@h.example/mcp` }],
  ['url', { url: `https://${secret}@h.example/mcp` }],
  ['url', { url: `h.example:${secret}@h.example:50051` }],
  ['url', { url: `https://h.example/mcp?a=1&api_key=${secret}&b=2` }],
  ['url', { url: `https://h.example/mcp?key=${secret}` }],
  ['url', { url: `https://h.example/mcp?%61ccess_token=${secret}#x` }],
  ['url', { url: `https://h.example/#token=${secret}` }],
];

const ofPackages: readonly Secret[] = [
  ['environmentVariables[0].value', { environmentVariables: [{ name: 'A', isSecret: true, value: secret }] }],
  ['environment_variables[0].default', { environment_variables: [{ name: 'A', is_secret: true, default: secret }] }],
  ['environmentVariables[0].default', { environmentVariables: [{ name: 'OPENAI_KEY', default: secret }] }],
  ['transport.headers[0].value', { transport: { headers: [{ name: 'X', value: secret }] } }],
  ['runtimeArguments[0].value', { runtimeArguments: [{ name: '-e', value: `DB_PASSWORD=${secret}` }] }],
  ['runtimeArguments[0].value', { runtimeArguments: [{ value: `-e A={b} -e API_KEY=${secret}` }] }],
  ['packageArguments[0].value', { packageArguments: [{ name: '--api-key', value: secret }] }],
  ['packageArguments[0].value', { packageArguments: [{ valueHint: 'apiKey', value: secret }] }],
  ['packageArguments[0].name', { packageArguments: [{ name: `--token=${secret}` }] }],
  ['packageArguments[1].value', { packageArguments: [{ value: '--token' }, { value: secret }] }],
  ['packageArguments[0].value', { packageArguments: [{ value: `Authorization: Bearer ${secret}` }] }],
  ['args[1]', { args: ['--password', secret] }],
  ['env.GITHUB_TOKEN', { env: { GITHUB_TOKEN: secret } }],
];

describe('secrets in documents', () => {
  test.each<Secret>([
    ...ofRemotes.map(([place, part]): Secret => [`remotes[0].${place}`, remote(part)]),
    ...ofPackages.map(([place, part]): Secret => [`packages[0].${place}`, { packages: [part] }]),
    ['_meta.x.clientSecret', { _meta: { x: { clientSecret: secret } } }],
    ['_meta.x.password', { _meta: { x: { password: secret } } }],
    ['websiteUrl', { websiteUrl: `https://h.example/?utm=1&secret=${secret}` }],
    ['description', { description: `Call https://me:${secret}@h.example/ first` }],
  ])('the conversion of a document replaces a secret in %s: %j', (place, fields) => {
    const { agent, warnings } = convert(fields);
    expect(JSON.stringify([agent, warnings])).not.toContain(secret);
    expect(JSON.stringify(agent)).toContain('[redacted]');
    expect(warnings).toEqual([
      `secret values were replaced by "[redacted]", so a signature of the document no longer verifies: ${place}`,
    ]);
  });

  test('the conversion of a document replaces tokens of known forms in any text, and keeps the other text', () => {
    const tokens = [
      `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${'a'.repeat(20)}`,
      `ghp_${'a'.repeat(36)}`,
      `AKIA${'A'.repeat(16)}`,
      `-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----`,
    ];
    for (const token of tokens) {
      expect(convert({ description: `Use ${token} here` }).agent.description).toBe('Use [redacted] here');
    }
  });

  test.each<[field: string, part: object]>([
    ['a list of header values', { headers: { Authorization: [secret] } }],
    ['a list of passwords', { password: [secret] }],
    ['a pair of key and value', { env: [{ key: 'API_KEY', value: secret }] }],
    ['further headers', { requestHeaders: { 'X-Custom': secret } }],
    ['a marked object', { environmentVariables: [{ name: 'A', isSecret: true, value: { a: secret } }] }],
    ['a mark that is a text', { environmentVariables: [{ name: 'A', isSecret: 'true', default: secret }] }],
    ['a name in full-width letters', { '\uff50assword': secret }],
    ['an argument in JSON', { packageArguments: [{ value: `{"api_key":"${secret}"}` }] }],
  ])('the conversion of a document replaces the secret of %s', (_, part) => {
    const { agent, warnings } = convert({ _meta: part });
    expect(JSON.stringify(agent)).not.toContain(secret);
    expect(warnings).toHaveLength(1);
  });

  test('the conversion of a document keeps the scopes of a security requirement', () => {
    const card = { name: 'a', version: '1', skills: [{ id: 's', security: [{ api_token: ['read'] }] }] };
    expect(fromA2aCard(card)).toMatchObject({ agent: { metadata: { 'a2a.card': card } }, warnings: [] });
  });

  test.each<[JsonValue]>([
    [
      {
        headers: [{ name: 'Authorization', value: 'Bearer {token}', isSecret: true }],
        url: 'https://h.example/?key={key}',
      },
    ],
    [{ headers: [{ name: 'Accept', value: 'application/json' }], url: 'https://{user}:{password}@h.example/' }],
    [{ headers: [{ name: 'X-Toolsets', default: 'all', description: 'a header' }], url: 'https://h.example/?login' }],
    [{ url: 'https://h.example/?api_key=', environmentVariables: [{ name: 'OAUTH_TOKEN_TTL', default: '3600' }] }],
    [
      {
        url: 'ssh://git@h.example:22/a',
        environmentVariables: [{ name: 'TOKEN', isSecret: true, placeholder: 'sk-…' }],
      },
    ],
    [
      {
        url: 'https://h.example/',
        packageArguments: [{ value: '--api-key <YOUR_KEY>' }, { value: '-e API_KEY={api_key}' }],
      },
    ],
    [{ url: 'https://h.example/', packageArguments: [{ name: '-e EDUBASE_API_KEY', isRequired: true }] }],
  ])('the conversion of a document keeps placeholders and values that are not secrets: %j', (part) => {
    const remotes = [part];
    const { agent, warnings } = convert({ remotes });
    expect(agent.metadata).toEqual({ 'mcp.server': { name: 'io.example/a', version: '1', remotes } });
    expect(warnings).toEqual([]);
  });

  test('the conversion of a card replaces credentials, and keeps security schemes and signatures', () => {
    const card = {
      name: 'a',
      version: '1',
      skills: [],
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        o: { tokenUrl: 'https://h/token' },
      },
      security: [{ apiKey: [] }],
      signatures: [{ protected: 'eyJhbGciOiJFUzI1NiJ9', signature: 'abc', header: { kid: 'key-1' } }],
    };
    expect(fromA2aCard(card)).toMatchObject({ agent: { metadata: { 'a2a.card': card } }, warnings: [] });
    const old = { ...card, authentication: { schemes: ['bearer'], credentials: secret } };
    const { agent, warnings } = fromA2aCard(old);
    expect(agent.metadata?.['a2a.card']).toEqual({
      ...card,
      authentication: { schemes: ['bearer'], credentials: '[redacted]' },
    });
    expect(warnings).toEqual([expect.stringMatching(/signature.+: authentication\.credentials$/)]);
  });

  test('the conversion of a document keeps keys with a special meaning in JavaScript, such as __proto__', () => {
    const text =
      '{"name":"io.example/a","version":"1","_meta":{"__proto__":{"isSecret":true},"constructor":{"value":"a"}}}';
    const { agent } = fromMcpServer(JSON.parse(text));
    expect(JSON.stringify(agent.metadata?.['mcp.server'])).toContain('"__proto__":{"isSecret":true}');
    expect(Object.prototype).not.toHaveProperty('isSecret');
  });
});
