/** What a model is to a symbol. Only the champion's forecasts are served unless a caller asks for others. */

/**
 * `champion` is served, `challenger` is on trial beside it, `shadow` is watched, `fallback` is the last good
 * champion, kept ready.
 */
export const ROLES = ["champion", "challenger", "shadow", "fallback"] as const;
export type Role = (typeof ROLES)[number];
