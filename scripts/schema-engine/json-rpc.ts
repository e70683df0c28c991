import { createInterface } from 'node:readline';
import { enginePanic, isKnownEngineError } from './wasm-engine';
import { EngineError } from './engine-error';
import type { Json, Methods } from './methods';

/** JSON-RPC code for an error of the server. Prisma's CLI ignores the code and reads the data of the error. */
const serverError = 4466;

/** Exit code of a Rust program after a panic. */
const panicExitCode = 101;

/** Answers the requests of Prisma's CLI, one in each line, one after the other, until the CLI closes standard input. */
export async function serve(methods: Pick<Methods, 'call'>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const request = readRequest(line);
    // A line without a method is the CLI's response to a request to print a text.
    if (request === undefined) continue;
    const { id, method, params } = request;
    const onPanic = (error: unknown) => void stopAfter(send({ id, error: toRpcError(error) }));
    process.once('uncaughtException', onPanic);
    await send({ id, ...(await answer(methods, method, params)) });
    process.off('uncaughtException', onPanic);
  }
}

/** Asks Prisma's CLI to print a text. Does not wait for the response. */
export async function print(content: string): Promise<void> {
  await send({ id: 'print', method: 'print', params: { content } });
}

async function answer(methods: Pick<Methods, 'call'>, method: string, params: Json): Promise<Json> {
  try {
    return { result: (await methods.call(method, params)) ?? null };
  } catch (error) {
    return { error: toRpcError(error) };
  }
}

/**
 * Ends the process after a panic. The engine reports the panic outside any promise, so the running request would never
 * get a response.
 */
async function stopAfter(sent: Promise<void>): Promise<void> {
  await sent;
  process.exit(panicExitCode);
}

function toRpcError(error: unknown): Json {
  const isPanic = error instanceof Error && error.name === 'RuntimeError';
  const text = error instanceof Error ? error.message : String(error);
  const message = isPanic ? (enginePanic() ?? text) : text;
  const isKnown = error instanceof EngineError || isKnownEngineError(error);
  return {
    code: serverError,
    message,
    data: { is_panic: isPanic, message, error_code: isKnown ? error.code : null },
  };
}

function readRequest(line: string): { id: unknown; method: string; params: Json } | undefined {
  const message: unknown = JSON.parse(line);
  if (typeof message !== 'object' || message === null || !('method' in message)) return undefined;
  const params = 'params' in message && typeof message.params === 'object' ? message.params : {};
  return { id: 'id' in message ? message.id : null, method: String(message.method), params: { ...params } };
}

/** Writes a line to standard output. Resolves when the line has left this process, which must not exit before. */
function send(message: Json): Promise<void> {
  const line = `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
  return new Promise((resolve, reject) => {
    process.stdout.write(line, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
