/** The configuration in force as people may see it: what may hold a secret says only whether it is set. */

import { type Config, SETTING_NAMES } from "../config.ts";

/** May hold a password, a key or a token, or lead somewhere by being known; named by what they end in. */
const SECRET = /(_KEY|_KEY_ID|_TOKEN|_URI|_WEBHOOK_URL|DATABASE_URL|REDIS_URL|SMTP_URL|_EMAIL|_EMAIL_FROM)$/;

export interface ShownSetting {
  /** As in the environment. */
  readonly name: string;
  /** Null: not set. */
  readonly value: string | null;
  /** Its value is not shown. */
  readonly hidden: boolean;
}

/** By name. */
export function shownConfig(config: Config): ShownSetting[] {
  const values = config as Readonly<Record<string, unknown>>;
  return [...SETTING_NAMES].sort().map((name) => {
    const value = values[name.toLowerCase()];
    const hidden = SECRET.test(name);
    if (value === undefined) return { name, value: null, hidden };
    return { name, value: hidden ? "set" : textOf(value), hidden };
  });
}

/** As it could be written in the environment. */
function textOf(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value.map((one) => (typeof one === "object" ? `${one.from}:${one.value}` : String(one))).join(",");
}
