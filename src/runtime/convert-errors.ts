import type { Failure } from '../errors/failure';
import type { Engine, EngineTransaction } from '../storage/engine';
import type { Executor } from '../storage/executor';
import type { HealthProbe } from '../storage/health-probe';

/** Function that converts any error of an engine into a failure, with the error as its cause. */
export type ErrorClassifier = (error: unknown) => Failure;

/**
 * Returns an engine that converts every error of `engine` by `classify`, so that its callers receive only failures.
 * Does not convert the errors of `native`.
 */
export function convertErrors(engine: Engine, classify: ErrorClassifier): Engine {
  const { preferReplicas, dataVersion, logBytes } = bound(engine);
  return {
    createExecutor: (observe) => convertExecutor(engine.createExecutor(observe), classify),
    ...(preferReplicas === undefined
      ? undefined
      : {
          preferReplicas: (primary, observe) => {
            const executor = preferReplicas(primary, observe);
            return executor === primary ? primary : convertExecutor(executor, classify);
          },
        }),
    begin: async (request) =>
      convertTransaction(await convertRejection(classify, () => engine.begin(request)), classify),
    migrate: () => convertRejection(classify, () => engine.migrate()),
    checkIntegrity: (findings) => convertRejection(classify, () => engine.checkIntegrity(findings)),
    checkpoint: () => convertRejection(classify, () => engine.checkpoint()),
    optimize: () => convertRejection(classify, () => engine.optimize()),
    backUp: (request) => convertRejection(classify, () => engine.backUp(request)),
    ...(dataVersion === undefined ? undefined : { dataVersion: () => convertThrown(classify, dataVersion) }),
    ...(logBytes === undefined ? undefined : { logBytes }),
    // Passes `native` on unchanged, because Prisma needs the original errors of the driver. The callers of `native`
    // convert the errors themselves.
    native: engine.native,
    healthProbe: convertProbe(engine.healthProbe, classify),
    close: () => convertRejection(classify, () => engine.close()),
    terminate: () => convertRejection(classify, () => engine.terminate()),
  };
}

/** Returns the result of `work`. Converts an error that `work` throws into a failure, by `classify`. */
export async function convertRejection<T>(classify: ErrorClassifier, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw classify(error);
  }
}

function convertThrown<T>(classify: ErrorClassifier, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw classify(error);
  }
}

function bound(engine: Engine): Pick<Engine, 'preferReplicas' | 'dataVersion' | 'logBytes'> {
  return {
    ...(engine.preferReplicas && { preferReplicas: engine.preferReplicas.bind(engine) }),
    ...(engine.logBytes && { logBytes: engine.logBytes.bind(engine) }),
    ...(engine.dataVersion && { dataVersion: engine.dataVersion.bind(engine) }),
  };
}

function convertExecutor(executor: Executor, classify: ErrorClassifier): Executor {
  const rethrow = (error: unknown): never => {
    throw classify(error);
  };
  // Converts only rejections, because the executors of engines never throw synchronously.
  return {
    dialect: executor.dialect,
    query: (statement) => executor.query(statement).catch(rethrow),
    querySeparately: (statements) => executor.querySeparately(statements).catch(rethrow),
    withTransaction: (work, beforeCommit) => executor.withTransaction(work, beforeCommit).catch(rethrow),
  };
}

function convertTransaction(transaction: EngineTransaction, classify: ErrorClassifier): EngineTransaction {
  return {
    waiters: transaction.waiters,
    hold: transaction.hold,
    native: transaction.native,
    createExecutor: (observe) => convertExecutor(transaction.createExecutor(observe), classify),
    commit: () => convertRejection(classify, () => transaction.commit()),
    rollback: () => convertRejection(classify, () => transaction.rollback()),
  };
}

function convertProbe(probe: HealthProbe, classify: ErrorClassifier): HealthProbe {
  return {
    ...probe,
    ping: () => convertRejection(classify, () => probe.ping()),
    migrations: () => convertRejection(classify, () => probe.migrations()),
    warnings: () => convertRejection(classify, () => probe.warnings()),
    replicas: () => convertRejection(classify, () => probe.replicas()),
  };
}
