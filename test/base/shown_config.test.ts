/** Of the configuration people see everything but what may hold a secret. */

import { describe, expect, it } from "vitest";
import { shownConfig } from "../../src/base/config/shown_config.ts";
import { readConfig, SETTING_NAMES } from "../../src/base/config.ts";

/** Each that a text may be put into, with a mark in it that must not be seen. */
const SECRETS = {
  ...{ BINANCE_API_KEY: "HUSH", DATABASE_URL: "postgres://u:HUSH@h/d", REDIS_URL: "redis://u:HUSH@h:1/0" },
  ...{
    S3_ENDPOINT: "https://s3",
    S3_BUCKET: "bucket",
    S3_ACCESS_KEY_ID: "HUSH",
    S3_SECRET_ACCESS_KEY: "HUSH",
  },
  ...{ MLFLOW_TRACKING_URI: "http://u:HUSH@h:5000", MLFLOW_TRACKING_TOKEN: "HUSH" },
  ...{ SLACK_WEBHOOK_URL: "https://h/HUSH", ALERT_WEBHOOK_URL: "https://h/HUSH" },
  ...{ ALERT_EMAIL: "HUSH@h.org", ALERT_EMAIL_FROM: "HUSH@h.org", SMTP_URL: "smtp://u:HUSH@h:587" },
  BUNDLE_KEY: "ab".repeat(32),
};

describe("the configuration that is shown", () => {
  it("holds no secret, and says of each whether it is set", () => {
    const shown = shownConfig(readConfig(SECRETS));
    expect(JSON.stringify(shown)).not.toMatch(/HUSH|abab/);
    const by_name = Object.fromEntries(shown.map((one) => [one.name, one]));
    expect(by_name.BINANCE_API_KEY).toEqual({ name: "BINANCE_API_KEY", value: "set", hidden: true });
    expect(by_name.S3_ENDPOINT).toEqual({ name: "S3_ENDPOINT", value: "https://s3", hidden: false });
    expect(by_name.JWT_ISSUER).toEqual({ name: "JWT_ISSUER", value: null, hidden: false });
  });

  it("has every setting, as it could be written", () => {
    const shown = shownConfig(readConfig({ SYMBOLS: "BTCUSDT,ETHUSDT", PORT: "9" }));
    expect(shown.map(({ name }) => name)).toEqual([...SETTING_NAMES].sort());
    const value = (of: string) => shown.find(({ name }) => name === of)?.value;
    expect([value("SYMBOLS"), value("PORT"), value("SIGNAL_RISK_LEVELS"), value("DATABASE_URL")]).toEqual([
      "BTCUSDT,ETHUSDT",
      "9",
      "80:LOW,70:MEDIUM,0:HIGH",
      null,
    ]);
  });

  it("hides every setting whose name speaks of a secret", () => {
    const suspicious = SETTING_NAMES.filter((name) => /KEY|TOKEN|SECRET|PASSWORD|WEBHOOK|SMTP/.test(name));
    const hidden = new Set(shownConfig(readConfig({})).flatMap(({ name, hidden }) => (hidden ? name : [])));
    expect(suspicious.filter((name) => !hidden.has(name) && name !== "KEY_RATE_LIMIT_PER_S")).toEqual([]);
  });
});
