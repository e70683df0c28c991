/** Default ports by URL scheme, for addresses without a port. */
const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'ws:': 80, 'https:': 443, 'wss:': 443 };

/**
 * Returns the port of an address: the stated port, or the default port of its scheme. The address is a URL, or
 * `host:port` as gRPC uses. Returns undefined when the host or the port is unknown, for example in the template
 * `https://{tenant}.example.com`.
 */
export function portOf(address: string): number | undefined {
  const hasScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(address);
  // Adds a scheme, because `URL` would read "localhost:443" as a URL with the scheme "localhost:".
  const url = parse(hasScheme ? address : `grpc://${address}`);
  if (url === undefined || url.hostname === '' || /[{}]|%7b|%7d/i.test(url.host)) return undefined;
  if (!hasScheme && url.port === '') return undefined;
  const port = url.port === '' ? defaultPorts[url.protocol] : Number(url.port);
  return port === 0 ? undefined : port;
}

function parse(address: string): URL | undefined {
  return URL.canParse(address) ? new URL(address) : undefined;
}
