/** How often what depends on luck is tried: FAULT_ROUNDS, else few. */
export const faultRounds = Number(process.env['FAULT_ROUNDS'] ?? 10);
