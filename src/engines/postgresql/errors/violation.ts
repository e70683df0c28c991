import { constraintMessage, requiredColumnMessage, triggerMessage } from '../../../errors/application-constraint';
import { isOwnRequiredColumn } from '../../../errors/own-constraints';
import { propertiesOf } from '../../../errors/properties';
import { isOwnPostgresqlCheck, isOwnPostgresqlKey } from './own-constraints';

/**
 * Classes of SQLSTATE that PostgreSQL defines (appendix A of its documentation). An error of any other class comes from
 * the application.
 */
const serverClasses: ReadonlySet<string> = new Set(
  '00 01 02 03 08 09 0A 0B 0F 0L 0P 0Z 10 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 42 44 53 54 55 57 58 72 F0 HV P0 XX'.split(
    ' ',
  ),
);

/**
 * Matches the SQLSTATE values that only triggers and functions raise, for example by RAISE without an explicit
 * SQLSTATE.
 */
const triggerStates = /^(?:09|27|38|39|P0)/;

/**
 * Matches the SQLSTATE values of statements that can also fail inside functions. Excludes errors that concern the
 * server or other transactions.
 */
const functionStates = /^(?:0A|20|21|22|24|2F|34|42(?!501))/;

/**
 * Returns the message for a change that a constraint or a trigger of the application has rejected. Returns undefined
 * for any other error, including a violated constraint of this package.
 */
export function describeViolation(error: object, state: string): string | undefined {
  const { routine, where } = propertiesOf(error);
  // RAISE in PL/pgSQL can set any SQLSTATE. With class 40, the application requests a repetition of the transaction.
  if (routine === 'exec_stmt_raise') return state.startsWith('40') ? undefined : describeRaised(error);
  if (state.startsWith('23')) return describeConstraint(error, state);
  if (state === '44000') return constraintMessage(undefined);
  const isInsideFunction = typeof where === 'string' && /\bPL\//.test(where);
  const isOfTrigger =
    triggerStates.test(state) ||
    !serverClasses.has(state.slice(0, 2)) ||
    (isInsideFunction && functionStates.test(state));
  return isOfTrigger ? triggerMessage(functionOf(where)) : undefined;
}

// Describes an error that RAISE has thrown. Names the constraint if RAISE has set one, and otherwise the function.
function describeRaised(error: object): string | undefined {
  const name = constraintOf(error);
  if (name !== undefined && isOwnPostgresqlKey(name)) return undefined;
  return triggerMessage(name ?? functionOf(Reflect.get(error, 'where')));
}

function describeConstraint(error: object, state: string): string | undefined {
  const name = constraintOf(error);
  switch (state) {
    case '23502':
      return describeRequired(error);
    case '23505':
      // An error without a constraint's name may be about a key of this package: Prisma's adapter may omit the name.
      return name === undefined || isOwnPostgresqlKey(name) ? undefined : constraintMessage(name);
    case '23514':
      return name !== undefined && isOwnPostgresqlCheck(name) ? undefined : constraintMessage(name);
    case '23P01':
    case '23000':
      return constraintMessage(name);
    default:
      return undefined;
  }
}

function describeRequired(error: object): string | undefined {
  const { table, column } = propertiesOf(error);
  if (typeof table !== 'string' || typeof column !== 'string') return undefined;
  return isOwnRequiredColumn(table, column) ? undefined : requiredColumnMessage(`${table}.${column}`);
}

function constraintOf(error: object): string | undefined {
  const { constraint, originalMessage } = propertiesOf(error);
  if (typeof constraint === 'string') return constraint;
  // Prisma's adapter passes the name of the constraint in an object, or only in the server's message.
  const index: unknown =
    typeof constraint === 'object' && constraint !== null ? Reflect.get(constraint, 'index') : undefined;
  if (typeof index === 'string') return index;
  return typeof originalMessage === 'string' ? / constraint "([^"]+)"$/.exec(originalMessage)?.[1] : undefined;
}

// Returns the name of the function from a line such as "PL/pgSQL function refuse_owner() line 3 at RAISE". Allows other
// words, because the server may translate them.
function functionOf(where: unknown): string | undefined {
  return typeof where === 'string' ? /^PL\/\w+[ -]\S+ ([\w$.]+)\(/m.exec(where)?.[1] : undefined;
}
