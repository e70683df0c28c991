export { createTestDatabase, type TestDatabaseOptions } from './create-test-database';
export { fakeClock, type FakeClock } from './fake-clock';
export { registerTestAgent, testAgent, testCertificate, testEvent } from './fixtures';
