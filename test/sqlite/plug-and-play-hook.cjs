// Imitates Yarn's .pnp.cjs. It is the module "pnpapi" and resolves the packages, which are in no node_modules folder.
// File handles cannot sync. The environment variable PACKAGES contains the folders of the packages by name, as JSON.
const { open } = require('node:fs/promises');
const Module = require('node:module');

const folders = JSON.parse(process.env.PACKAGES);
const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) =>
  request === 'pnpapi' ? __filename : resolve(folders[request] ?? request, ...rest);
Object.defineProperty(process.versions, 'pnp', { value: '3' });

open(__filename).then(async (handle) => {
  Object.getPrototypeOf(handle).sync = () => Promise.reject(new Error('Method not implemented.'));
  await handle.close();
});
