import { describe, expect, it } from "vitest";
import { answerControl } from "../../../src/sim/exchange/streams/control.ts";

const connection = (streams: readonly string[] = []) => ({ streams: new Set(streams), combined: false });

describe("a control message", () => {
  it("changes the subscriptions and is answered with Binance's words", () => {
    const to = connection();
    const subscribe = '{"method":"SUBSCRIBE","params":["btcusdt@trade","nosuch@depth"],"id":1}';
    expect(answerControl(subscribe, to)).toBe('{"result":null,"id":1}');
    expect(answerControl('{"method":"LIST_SUBSCRIPTIONS","id":3}', to)).toBe(
      '{"result":["btcusdt@trade","nosuch@depth"],"id":3}',
    );
    const unsubscribe = '{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":312}';
    expect(answerControl(unsubscribe, to)).toBe('{"result":null,"id":312}');
    expect([...to.streams]).toEqual(["nosuch@depth"]);
  });

  it("sets and gets the one property there is", () => {
    const to = connection();
    const get = '{"method":"GET_PROPERTY","params":["combined"],"id":2}';
    expect(answerControl(get, to)).toBe('{"result":false,"id":2}');
    expect(answerControl('{"method":"SET_PROPERTY","params":["combined",true],"id":5}', to)).toBe(
      '{"result":null,"id":5}',
    );
    expect(answerControl(get, to)).toBe('{"result":true,"id":2}');
  });

  it("gets its id back as it was written, an int64 beyond 2^53 too", () => {
    for (const id of ["9223372036854775807", "-9007199254740993", '"abcDEF123"', "null", "0"]) {
      expect(answerControl(`{"method":"LIST_SUBSCRIPTIONS","id":${id}}`, connection())).toBe(
        `{"result":[],"id":${id}}`,
      );
    }
  });

  const refusals: readonly (readonly [message: string, answer: string])[] = [
    ["{oops", '{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}'],
    [
      '{"params":["a@trade"],"id":1}',
      '{"code":2,"msg":"Invalid request: missing field `method` at line 1 column 29"}',
    ],
    [
      '{"method":"SUBSCRIB","params":["a@trade"],"id":1}',
      '{"code":2,"msg":"Invalid request: unknown variant `SUBSCRIB`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` at line 1 column 20"}',
    ],
    [
      '{"method":"LIST_SUBSCRIPTIONS"}',
      '{"code":2,"msg":"Invalid request: request ID must be an unsigned integer"}',
    ],
    [
      '{"method":"LIST_SUBSCRIPTIONS","id":1.5}',
      '{"code":2,"msg":"Invalid request: request ID must be an unsigned integer"}',
    ],
    [
      `{"method":"LIST_SUBSCRIPTIONS","id":"${"x".repeat(37)}"}`,
      '{"code":2,"msg":"Invalid request: request ID must be an unsigned integer"}',
    ],
    [
      '{"method":"LIST_SUBSCRIPTIONS","params":["x"],"id":1}',
      '{"code":2,"msg":"Invalid request: too many parameters"}',
    ],
    ['{"method":"GET_PROPERTY","params":["colour"],"id":9}', '{"code":0,"msg":"Unknown property","id":9}'],
    [
      '{"method":"SET_PROPERTY","params":["combined","yes"],"id":9}',
      '{"code":1,"msg":"Invalid value type: expected Boolean"}',
    ],
    [
      '{"method":"SET_PROPERTY","params":[true],"id":9}',
      '{"code":2,"msg":"Invalid request: property name must be a string"}',
    ],
  ];
  it.each(refusals)("%s is refused in Binance's words and changes nothing", (message, answer) => {
    const to = connection(["btcusdt@depth"]);
    expect(answerControl(message, to)).toBe(answer);
    expect([...to.streams]).toEqual(["btcusdt@depth"]);
    expect(to.combined).toBe(false);
  });

  it("cannot subscribe a connection to more than 1024 streams", () => {
    const to = connection();
    const streams = Array.from({ length: 1_024 }, (_, i) => `s${i}@trade`);
    expect(answerControl(JSON.stringify({ method: "SUBSCRIBE", params: streams, id: 1 }), to)).toBe(
      '{"result":null,"id":1}',
    );
    const one_more = answerControl('{"method":"SUBSCRIBE","params":["more@trade"],"id":2}', to);
    expect(one_more).toContain('"code":2');
    expect(to.streams.size).toBe(1_024);
  });
});
