import { DatabaseServiceFactory, type DatabaseOptions } from '../../src';
import { afterTest } from './test-database';

/**
 * Resets the instance of the process after the test. The options name the database of the test: without them a reset that
 * finds no instance would delete the default database in the working directory.
 */
export function resetAfterTest(options: DatabaseOptions): void {
  afterTest(() => DatabaseServiceFactory.resetDatabase(options));
}
