// Imitates Yarn's .pnp.cjs: it is the module "pnpapi", only it finds packages, which are outside of every node_modules, and
// its file handles cannot sync. PACKAGES contains the folders of the packages by name, as JSON.
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
