import { Validator } from '../../src/validation/validator';
import { resolveOptions } from '../../src/options/resolve-options';

/** The checks of a service that was given no limits of its own. */
export const defaultChecks = new Validator(resolveOptions({}).limits);
