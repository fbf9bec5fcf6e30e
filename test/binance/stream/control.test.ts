import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readControl, streamOf, subscribeText } from "../../../src/binance/stream/connection/control.ts";

describe("control frames", () => {
  it("asks with the symbol in lower case and the stream's own spelling", () => {
    expect(JSON.parse(subscribeText([streamOf("BTCUSDT", "bestBidAsk")], 3))).toEqual({
      method: "SUBSCRIBE",
      params: ["btcusdt@bestBidAsk"],
      id: 3,
    });
  });

  it("distinguishes acknowledgement, refusal with and without id, and both forms of serverShutdown", () => {
    expect(readControl('{"result":null,"id":7}')).toEqual({ kind: "done", id: 7 });
    expect(readControl('{"code":2,"msg":"Invalid request","id":7}')).toEqual({
      kind: "refused",
      id: 7,
      code: 2,
      message: "Invalid request",
    });
    expect(readControl('{"code":3,"msg":"Invalid JSON"}')).toMatchObject({ kind: "refused", id: undefined });
    expect(readControl('{"error":{"code":1,"msg":"no"},"id":2}')).toMatchObject({ kind: "refused", id: 2 });
    const at_ms = 1770123456789;
    const bare = `{"e":"serverShutdown","E":${at_ms}}`;
    expect(readControl(bare)).toEqual({ kind: "server_shutdown", at_ms });
    expect(readControl(`{"stream":"!serverShutdown","data":${bare}}`)).toEqual({
      kind: "server_shutdown",
      at_ms,
    });
  });

  it("answers any text without throwing, and never takes a foreign one for an acknowledgement", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readControl(text)).toBeDefined();
      }),
    );
    fc.assert(
      fc.property(fc.json(), (text) => {
        const frame = readControl(text);
        if (frame.kind === "done") expect(JSON.parse(text)).toMatchObject({ result: null, id: frame.id });
      }),
    );
    expect(readControl('{"result":["btcusdt@trade"],"id":3}').kind).toBe("unknown");
  });
});
