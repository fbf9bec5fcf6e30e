import { afterEach, describe, expect, it } from "vitest";
import { tradeId } from "../../../src/base/units.ts";
import type { RestClient } from "../../../src/binance/rest/client.ts";
import { eventually } from "../eventually.ts";
import { type Answer, closeAll, expectCode, start, tradeRow } from "./rest_server.ts";

afterEach(closeAll);

describe("RestClient.tradesBetween", () => {
  /** Trades 100 to 199, served by id, at most `cap` a page. */
  const history =
    (cap: number): Answer =>
    (url) => {
      const from = Math.max(100, Number(url.searchParams.get("fromId")));
      const count = Math.min(cap, Number(url.searchParams.get("limit")), 200 - from);
      return Response.json(Array.from({ length: Math.max(0, count) }, (_, index) => tradeRow(from + index)));
    };

  async function ids(client: RestClient, from: number, to: number, page_rows?: number): Promise<number[]> {
    const all: number[] = [];
    for await (const page of client.tradesBetween("BTCUSDT", tradeId(from), tradeId(to), page_rows)) {
      all.push(...page.map((trade) => trade.trade_id));
    }
    return all;
  }

  const range = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index);

  it("brings exactly the ids asked for, both ends included, over pages of any size", async () => {
    for (const [cap, page_rows] of [
      [1000, 1000],
      [1000, 7],
      [5, 1000],
    ] as const) {
      const { client } = start(history(cap));
      expect(await ids(client, 110, 143, page_rows)).toEqual(range(110, 143));
      expect(await ids(client, 150, 150, page_rows)).toEqual([150]);
    }
  });

  it("drops what a server gives beyond the last id asked for", async () => {
    const { client } = start(() => Response.json([tradeRow(110), tradeRow(111), tradeRow(112)]));
    expect(await ids(client, 110, 111)).toEqual([110, 111]);
  });

  it("ends at the newest trade there is", async () => {
    const { client } = start(history(1000));
    expect(await ids(client, 190, 250)).toEqual(range(190, 199));
  });

  it("refuses a history that silently starts later than asked", async () => {
    const { client } = start(history(1000));
    const error = await expectCode(ids(client, 50, 120), "REST_BODY");
    expect(error.details).toMatchObject({ from_id: 50, first_id: 100 });
  });

  it("refuses ids that decrease, instead of asking without end", async () => {
    const { client } = start(() => Response.json([tradeRow(110), tradeRow(109)]));
    await expectCode(ids(client, 110, 120), "REST_BODY");
  });
});

it("ends requests whose signal is aborted, on their way or waiting, and the others go on", async () => {
  const hung = Promise.withResolvers<Response>();
  const { client, server } = start((url) =>
    url.searchParams.get("symbol") === "HUNGUSDT" ? hung.promise : Response.json([tradeRow(7)]),
  );
  const stop = new AbortController();
  const given_up = client.until(stop.signal);
  // Four are on their way, as many as may be; the others wait.
  const asked = Array.from({ length: 7 }, () => given_up.trades("HUNGUSDT", 1).catch((error) => error));
  const other = client.trades("BTCUSDT", 1);
  await eventually("four requests", () => server.seen.length === 4);
  expect(client.load.waiting).toBe(4);
  stop.abort();
  for (const error of await Promise.all(asked)) expect(error.code).toBe("CANCELLED");
  expect((await other).map(({ trade_id }) => trade_id)).toEqual([tradeId(7)]);
  expect(client.load.waiting).toBe(0);
  expect(server.seen).toHaveLength(5);
  await expectCode(given_up.trades("BTCUSDT", 1), "CANCELLED");
  hung.resolve(Response.json([]));
});
