/** Number of times that a process is killed: FAULT_ROUNDS, or a few by default. */
export const killRounds = Number(process.env['FAULT_ROUNDS'] ?? 10);
