import { propertiesOf } from '../errors/properties';

/** Description of the cause of an INTERNAL error, for the logger. */
export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
}

const maxDepth = 8;

/**
 * Returns the name, the message and the stack of an error and of its causes, as text. Log this description in place of
 * the error, because a logger would also print all properties that a driver has added to the error.
 */
export function describeError(error: unknown, depth = maxDepth): ErrorDescription {
  try {
    if (typeof error !== 'object' || error === null) return { name: typeof error, message: String(error) };
    const { name, message, stack, cause } = propertiesOf(error);
    return {
      name: String(name),
      message: String(message),
      ...(typeof stack === 'string' ? { stack } : undefined),
      ...(cause !== undefined && depth > 1 ? { cause: describeError(cause, depth - 1) } : undefined),
    };
  } catch {
    // A getter or a proxy of the application threw an error while the error was read.
    return { name: 'unknown', message: 'the error cannot be read' };
  }
}
