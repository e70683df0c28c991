/** What the logger is given of the error beneath an INTERNAL one. */
export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
}

const maxDepth = 8;

/**
 * Returns the name, the message and the stack of an error and of the errors that it has as causes, as text: a logger's
 * serializer would print whatever else a driver has put on it.
 */
export function describeError(error: unknown, depth = maxDepth): ErrorDescription {
  try {
    if (typeof error !== 'object' || error === null) return { name: typeof error, message: String(error) };
    const { name, message, stack, cause } = error as Readonly<Record<string, unknown>>;
    return {
      name: String(name),
      message: String(message),
      ...(typeof stack === 'string' ? { stack } : undefined),
      ...(cause !== undefined && depth > 1 ? { cause: describeError(cause, depth - 1) } : undefined),
    };
  } catch {
    // A getter or a proxy of the application's that throws.
    return { name: 'unknown', message: 'the error cannot be read' };
  }
}
