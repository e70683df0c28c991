/** How often a process is killed: FAULT_ROUNDS, else few. */
export const killRounds = Number(process.env['FAULT_ROUNDS'] ?? 10);
