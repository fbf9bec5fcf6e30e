/**
 * A client for TypeScript that knows every route: its parameters, its bodies and its answers.
 *
 *     const foretick = foretickClient("http://localhost:8080");
 *     const answer = await foretick.latest.$get({ query: { symbol: "BTCUSDT" } });
 *     if (answer.status === 200) console.log((await answer.json()).predicted_price);
 */

import { hc } from "hono/client";
import type { Api } from "./app.ts";

/** @param options e.g. `{ headers: { authorization: "Bearer …" } }`. */
export const foretickClient = (url: string, options?: Parameters<typeof hc>[1]) => hc<Api>(url, options);
