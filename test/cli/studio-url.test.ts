import { studioEnvironment } from '../../src/cli/studio-url';

const server = 'postgresql://ans:p%20w@db.example/ans';

describe('studioEnvironment', () => {
  test('studioEnvironment keeps the URL of a SQLite file', () => {
    expect(studioEnvironment('file:///a?b')).toEqual({ ANS_DATABASE_STUDIO_URL: 'file:///a?b' });
  });

  test('studioEnvironment requests ISO times and omits parameters that the server would reject', () => {
    const url = `${server}?schema=ans&channel_binding=require&query_timeout=5&options=-c%20x.y%3D1&uselibpqcompat=true`;
    const expected = `${server}?datestyle=ISO&options=-c%20x.y%3D1`;
    expect(studioEnvironment(url)).toEqual({ ANS_DATABASE_STUDIO_URL: expected });
  });

  test.each([
    ['sslmode=require', 'verify-full'],
    ['sslmode=verify-ca', 'verify-ca'],
    ['ssl=true', 'verify-full'],
    ['sslmode=no-verify', 'require'],
    ['sslmode=disable', 'disable'],
    ['sslmode=require&uselibpqcompat=true', 'require'],
  ])('studioEnvironment checks the server certificate as the package does: %s becomes %s', (query, mode) => {
    const expected = `${server}?datestyle=ISO&sslmode=${mode}`;
    expect(studioEnvironment(`${server}?${query}`)).toEqual({ ANS_DATABASE_STUDIO_URL: expected });
  });

  test('studioEnvironment passes the file of sslrootcert to Node.js', () => {
    expect(studioEnvironment(`${server}?sslrootcert=/ca.pem`)).toMatchObject({ NODE_EXTRA_CA_CERTS: '/ca.pem' });
  });
});
