#!/usr/bin/env node
import { hideSqliteWarning } from './hide-sqlite-warning';
import { createProgram, runProgram } from './program';

// Ends the process when the reader of the output closes the pipe, as in `npx ans-database check | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

hideSqliteWarning();
void runProgram(createProgram(), process.argv);
