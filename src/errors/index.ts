export { httpStatusOf, toProblemDetails, type ProblemDetails } from './http';
