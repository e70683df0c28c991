/** Returns the message of a PostgreSQL server's error with its detail and hint. */
export function toServerText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const lines = ['detail', 'hint'].flatMap((name) => {
    const text: unknown = Reflect.get(error, name);
    return typeof text === 'string' ? [`${name.toUpperCase()}: ${text}`] : [];
  });
  return [`ERROR: ${error.message}`, ...lines].join('\n');
}
