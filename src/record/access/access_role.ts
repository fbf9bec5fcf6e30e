/** Who may do what, in four steps; each may do what those before it may. */

export const ACCESS_ROLES = ["viewer", "client", "operator", "admin"] as const;

/** `viewer` reads; `client` asks for forecasts of its own; `operator` changes what serves; `admin` also who may. */
export type AccessRole = (typeof ACCESS_ROLES)[number];

export const mayAct = (role: AccessRole, needed: AccessRole): boolean =>
  ACCESS_ROLES.indexOf(role) >= ACCESS_ROLES.indexOf(needed);
