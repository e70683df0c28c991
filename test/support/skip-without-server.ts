import { whyNoTestServer } from './test-server';

// `globalSetup` prints the reason.
if (whyNoTestServer() !== undefined) {
  const skippedDescribe = Object.assign(describe.skip, { only: describe.skip, skip: describe.skip });
  const skippedTest = Object.assign(test.skip, { only: test.skip, skip: test.skip });
  Object.assign(globalThis, { describe: skippedDescribe, test: skippedTest, it: skippedTest });
}
