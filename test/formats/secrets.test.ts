import type { JsonValue } from '../../src';
import { fromA2aCard, fromMcpServer } from '../../src/formats';

const secret = 'hunter2-Zx9';
const packageOf = (part: object): object => ({ packages: [part] });
const remote = (part: object): object => ({ remotes: [{ type: 'sse', url: 'https://h.example/', ...part }] });

function convert(fields: object): ReturnType<typeof fromMcpServer> {
  return fromMcpServer({ name: 'io.example/a', version: '1', ...fields });
}

describe('The conversion of a document', () => {
  test.each<[place: string, fields: object]>([
    ['remotes[0].headers[0].value', remote({ headers: [{ name: 'X-Anything', value: secret }] })],
    ['remotes[0].headers[0].value', remote({ headers: [{ name: 'Authorization', value: `Bearer ${secret}` }] })],
    ['remotes[0].headers[0].default', remote({ headers: [{ name: 'X-Api-Key', default: secret }] })],
    ['remotes[0].headers[0].default', remote({ headers: [{ name: 'X', isSecret: true, default: secret }] })],
    [
      'remotes[0].headers[0].choices[1]',
      remote({ headers: [{ name: 'X', isSecret: true, choices: ['{a}', secret] }] }),
    ],
    ['remotes[0].headers.Cookie', remote({ headers: { Cookie: secret } })],
    ['remotes[0].headers.X-Custom.value', remote({ headers: { 'X-Custom': { value: secret } } })],
    [
      'remotes[0].headers[0].variables.t.default',
      remote({ headers: [{ name: 'X', value: '{t}', variables: { t: { isSecret: true, default: secret } } }] }),
    ],
    ['remotes[0].variables.api_key.value', remote({ variables: { api_key: { value: secret } } })],
    ['remotes[0].url', remote({ url: `https://user:${secret}@h.example/mcp` })],
    ['remotes[0].url', remote({ url: `https://${secret}@h.example/mcp` })],
    ['remotes[0].url', remote({ url: `h.example:${secret}@h.example:50051` })],
    ['remotes[0].url', remote({ url: `https://h.example/mcp?a=1&api_key=${secret}&b=2` })],
    ['remotes[0].url', remote({ url: `https://h.example/mcp?key=${secret}` })],
    ['remotes[0].url', remote({ url: `https://h.example/mcp?%61ccess_token=${secret}#x` })],
    ['remotes[0].url', remote({ url: `https://h.example/#token=${secret}` })],
    [
      'packages[0].environmentVariables[0].value',
      packageOf({ environmentVariables: [{ name: 'A', isSecret: true, value: secret }] }),
    ],
    [
      'packages[0].environment_variables[0].default',
      packageOf({ environment_variables: [{ name: 'A', is_secret: true, default: secret }] }),
    ],
    [
      'packages[0].environmentVariables[0].default',
      packageOf({ environmentVariables: [{ name: 'OPENAI_KEY', default: secret }] }),
    ],
    ['packages[0].transport.headers[0].value', packageOf({ transport: { headers: [{ name: 'X', value: secret }] } })],
    [
      'packages[0].runtimeArguments[0].value',
      packageOf({ runtimeArguments: [{ name: '-e', value: `DB_PASSWORD=${secret}` }] }),
    ],
    [
      'packages[0].runtimeArguments[0].value',
      packageOf({ runtimeArguments: [{ value: `-e A={b} -e API_KEY=${secret}` }] }),
    ],
    ['packages[0].packageArguments[0].value', packageOf({ packageArguments: [{ name: '--api-key', value: secret }] })],
    [
      'packages[0].packageArguments[0].value',
      packageOf({ packageArguments: [{ valueHint: 'apiKey', value: secret }] }),
    ],
    ['packages[0].packageArguments[0].name', packageOf({ packageArguments: [{ name: `--token=${secret}` }] })],
    [
      'packages[0].packageArguments[1].value',
      packageOf({ packageArguments: [{ value: '--token' }, { value: secret }] }),
    ],
    [
      'packages[0].packageArguments[0].value',
      packageOf({ packageArguments: [{ value: `Authorization: Bearer ${secret}` }] }),
    ],
    ['packages[0].args[1]', packageOf({ args: ['--password', secret] })],
    ['packages[0].env.GITHUB_TOKEN', packageOf({ env: { GITHUB_TOKEN: secret } })],
    ['_meta.x.clientSecret', { _meta: { x: { clientSecret: secret } } }],
    ['_meta.x.password', { _meta: { x: { password: secret } } }],
    ['websiteUrl', { websiteUrl: `https://h.example/?utm=1&secret=${secret}` }],
    ['description', { description: `Call https://me:${secret}@h.example/ first` }],
  ])('replaces a secret in %s: %j', (place, fields) => {
    const { agent, warnings } = convert(fields);
    expect(JSON.stringify([agent, warnings])).not.toContain(secret);
    expect(JSON.stringify(agent)).toContain('[redacted]');
    expect(warnings).toEqual([
      `secret values were replaced by "[redacted]", so a signature of the document no longer verifies: ${place}`,
    ]);
  });

  test('replaces tokens of known forms in any text, and keeps the rest of the text', () => {
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
  ])('replaces the secret of %s', (_, part) => {
    const { agent, warnings } = convert({ _meta: part });
    expect(JSON.stringify(agent)).not.toContain(secret);
    expect(warnings).toHaveLength(1);
  });

  test('keeps the scopes of a security requirement', () => {
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
  ])('keeps placeholders and values that are no secrets: %j', (part) => {
    const remotes = [part];
    const { agent, warnings } = convert({ remotes });
    expect(agent.metadata).toEqual({ 'mcp.server': { name: 'io.example/a', version: '1', remotes } });
    expect(warnings).toEqual([]);
  });

  test('replaces the credentials of a card, and keeps its security schemes and signatures', () => {
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

  test('keeps keys with a special meaning in JavaScript, and does not follow them', () => {
    const text =
      '{"name":"io.example/a","version":"1","_meta":{"__proto__":{"isSecret":true},"constructor":{"value":"a"}}}';
    const { agent } = fromMcpServer(JSON.parse(text));
    expect(JSON.stringify(agent.metadata?.['mcp.server'])).toContain('"__proto__":{"isSecret":true}');
    expect(Object.prototype).not.toHaveProperty('isSecret');
  });
});
