const instantiate = WebAssembly.instantiate.bind(WebAssembly);
let isLoaded = false;

/** Whether the process has loaded the schema engine since this file was loaded. */
export const isEngineLoaded = (): boolean => isLoaded;

// Other modules are made too, by Node itself among others; this is what the engine imports.
WebAssembly.instantiate = (module, imports) => {
  if (Object.keys(imports).some((name) => name.includes('schema_engine'))) isLoaded = true;
  return instantiate(module, imports);
};
