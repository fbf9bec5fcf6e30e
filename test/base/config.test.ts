import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/base/config.ts";
import { ForetickError } from "../../src/base/errors.ts";

function refusal(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ForetickError);
    expect((error as ForetickError).code).toBe("CONFIG_INVALID");
    return (error as ForetickError).message;
  }
  throw new ForetickError("INVARIANT", "expected a refusal");
}

describe("configuration", () => {
  it("has a default for everything but the key", () => {
    const config = readConfig({ HOME: "/root", PATH: "/bin" });
    expect(config.port).toBe(8080);
    expect(config.symbols).toEqual(["BTCUSDT"]);
    expect(config.predict_interval_ms).toBe(1000);
    expect(config.deadline_ms).toBe(100);
    expect(config.data_dir).toBe(".data");
    expect(config.binance_api_key).toBeUndefined();
  });

  it("treats an empty variable as unset", () => {
    expect(readConfig({ PORT: "", DATABASE_URL: "" }).port).toBe(8080);
  });

  it.each([
    ["PORT", "80a0", "whole number"],
    ["PORT", "70000", "65535"],
    ["SYMBOLS", "btcusdt", "upper-case"],
    ["SYMBOLS", "币安人生USDT", "a symbol with other letters than A to Z is not served"],
    ["SYMBOLS", "BTCUSDT,BTCUSDT", "twice"],
    ["BINANCE_SBE_URL", "wss://host/stream", "origin without a path"],
    ["BINANCE_REST_URL", "ftp://host", "https://"],
    ["DATABASE_URL", "mysql://x", "postgres://"],
    ["PREDICT_INTERVAL_MS", "1500", "multiple of 1000"],
    ["DEADLINE_MS", "-1", "whole number"],
    ["LOG_LEVEL", "loud", "one of"],
    ["SIGNAL_COST_BP", "-1", "basis points"],
    ["SIGNAL_RECOMMENDATIONS", "70:STRONG,80:PLAIN", "from 100 down"],
    ["SIGNAL_RECOMMENDATIONS", "80:SURE", "80:STRONG"],
    ["SIGNAL_MULTIPLIERS", "85:two", "85:2"],
    ["SIGNAL_RISK_LEVELS", "101:LOW", "from 100 down"],
  ])("refuses %s=%s with a sentence that says what to do", (name, value, remedy) => {
    const message = refusal({ [name]: value });
    expect(message).toContain(name);
    expect(message).toContain(remedy);
  });

  it("names the setting that was probably meant by a misspelt one", () => {
    expect(refusal({ BINANCE_SBE_URI: "wss://host" })).toContain("BINANCE_SBE_URL");
  });

  it("reports every problem at once", () => {
    const message = refusal({ PORT: "x", SYMBOLS: "?" });
    expect(message).toContain("PORT");
    expect(message).toContain("SYMBOLS");
  });

  it("never shows a key or a database password", () => {
    expect(refusal({ DATABASE_URL: "nonsense-with-secret" })).not.toContain("secret");
  });
});
