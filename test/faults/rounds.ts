const given = process.env['FAULT_ROUNDS'];

/** How often a process is killed: FAULT_ROUNDS, else few. */
export const killRounds = Number(given ?? 10);

/** How often what takes less time and depends on luck is tried. */
export const faultRounds = given === undefined ? 10 : 3 * Number(given);
