import { Validator } from '../../src/validation/validator';
import { resolveOptions } from '../../src/options/resolve-options';

/** The validator of a service with the default limits. */
export const defaultChecks = new Validator(resolveOptions({}).limits);
