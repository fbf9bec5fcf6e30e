/** Whose pages may ask: CORS_ORIGINS, at a real server, as a browser would. */

import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { readConfig } from "../../src/base/config.ts";
import { silentLogger } from "../../src/base/log.ts";
import { Sites } from "../../src/serve/access/sites.ts";
import { type RunningServer, startServer } from "../../src/serve/server.ts";
import { FakeMarket } from "./fake_market.ts";

const SITE = "https://app.example.com";
const STRANGER = "https://evil.example";
let server: RunningServer | undefined;
afterEach(() => server?.close());

async function start(CORS_ORIGINS?: string): Promise<RunningServer> {
  const market = new FakeMarket();
  market.tick(1_732_180_000);
  const sites = new Sites(readConfig({ CORS_ORIGINS }).cors_origins);
  server = await startServer({ ports: market, port: 0, hostname: "127.0.0.1", log: silentLogger, sites });
  return server;
}

const asked = async (path: string, origin: string | undefined, init: RequestInit = {}): Promise<Response> =>
  fetch(`${server!.url}${path}`, { ...init, headers: { ...init.headers, ...(origin ? { origin } : {}) } });
const allowed = async (...request: Parameters<typeof asked>): Promise<string | null> => {
  const answer = await asked(...request);
  await answer.body?.cancel();
  return answer.headers.get("access-control-allow-origin");
};
const preflight = (path: string, origin: string) =>
  asked(path, origin, {
    method: "OPTIONS",
    headers: {
      "access-control-request-method": "POST",
      "access-control-request-headers": "x-api-key,content-type",
    },
  });

/** The first line of what a WebSocket handshake of that page is answered. */
async function opened(origin: string | undefined): Promise<string> {
  const socket = connect(server!.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(
    `GET /stream HTTP/1.1\r\nHost: 127.0.0.1:${server!.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${origin ? `Origin: ${origin}\r\n` : ""}\r\n`,
  );
  const [data] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return data.toString("latin1").split("\r\n")[0]!;
}
const UPGRADED = "HTTP/1.1 101 Switching Protocols";

describe("pages of other sites", () => {
  it("may read what is public, by default, and do nothing else", async () => {
    await start();
    expect(await allowed("/latest", STRANGER)).toBe("*");
    expect(await allowed("/predictions", STRANGER)).toBe("*");
    expect(await allowed("/health", STRANGER)).toBeNull();
    expect((await preflight("/latest", STRANGER)).status).toBe(405);
    expect(await opened(STRANGER)).toBe(UPGRADED);
  });

  it("may, where they are named, ask everything with their key; no other page may read or open anything", async () => {
    await start(`${SITE},https://other.example`);
    for (const path of ["/latest", "/predictions", "/health", "/models", "/nothing"]) {
      expect([path, await allowed(path, SITE)]).toEqual([path, SITE]);
      expect([path, await allowed(path, STRANGER)]).toEqual([path, null]);
      expect([path, await allowed(path, undefined)]).toEqual([path, null]);
    }
    const answer = await asked("/latest", SITE);
    // What an answer says depends on who asks: no cache may give one page another's.
    expect(answer.headers.get("vary")).toMatch(/x-client-id, *origin/i);
    expect(answer.headers.get("access-control-expose-headers")).toContain("etag");
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
    expect(await answer.json()).toMatchObject({ symbol: "BTCUSDT" });
    const { status, headers } = await preflight("/predict", SITE);
    expect(status).toBe(204);
    expect(headers.get("access-control-allow-origin")).toBe(SITE);
    expect(headers.get("access-control-allow-methods")).toBe("GET,HEAD,POST");
    expect(headers.get("access-control-allow-headers")).toContain("x-api-key");
    expect((await preflight("/predict", STRANGER)).headers.get("access-control-allow-origin")).toBeNull();
    expect(await opened(SITE)).toBe(UPGRADED);
    expect(await opened(`http://127.0.0.1:${server!.port}`)).toBe(UPGRADED);
    expect(await opened(undefined)).toBe(UPGRADED);
    for (const page of [STRANGER, "null", `${SITE}.evil.example`])
      expect([page, await opened(page)]).toEqual([page, "HTTP/1.1 403 Forbidden"]);
  });

  it("may, with none named, not even read", async () => {
    await start("none");
    expect(await allowed("/latest", STRANGER)).toBeNull();
    expect((await preflight("/latest", STRANGER)).status).toBe(405);
    expect(await opened(STRANGER)).toBe("HTTP/1.1 403 Forbidden");
    expect(await opened(`http://127.0.0.1:${server!.port}`)).toBe(UPGRADED);
  });

  it("are named as a browser names them, or the start is refused", () => {
    for (const wrong of ["https://host/", "host", "https://host/path", "*,https://host", "ftp://host"])
      expect(() => readConfig({ CORS_ORIGINS: wrong })).toThrow("CORS_ORIGINS: expected sites such as");
    expect(() => readConfig({ CORS_ORIGIN: SITE })).toThrow("did you mean CORS_ORIGINS");
  });
});
