#!/usr/bin/env node
import { createProgram, runProgram } from './program';

// Ends the process when the reader closes the pipe, as in "npx ans-database check | head".
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

void runProgram(createProgram(), process.argv);
