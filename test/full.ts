/**
 * Whether the suite runs whole (`npm run test:full`): then what costs whole processes or trainings is repeated, where one
 * time shows the same fault.
 */
export const FULL = process.env.FORETICK_TEST_FULL === "1";
