/** Reaching Redis, or the sentence why not. */

import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { redisAddress } from "../../../src/record/redis/address.ts";
import { RedisLink } from "../../../src/record/redis/link.ts";
import { rejection } from "../../base/rejection.ts";
import { describeOnRedis, RedisServer } from "./redis_server.ts";

const fixture = (name: string): string => join(import.meta.dirname, "../../fixtures/tls", name);

describe("REDIS_URL", () => {
  it("is read with user, password and database, TLS and IPv6", () => {
    expect(redisAddress("redis://fore:p%40ss@[::1]:6380/3")).toEqual({
      ...{ host: "::1", port: 6_380, username: "fore", password: "p@ss", db: 3, tls: undefined },
    });
    expect(redisAddress("rediss://cache")).toMatchObject({
      host: "cache",
      port: 6_379,
      tls: { ca: undefined },
    });
  });

  it.each(["redis://host/x", "redis://host:port", "redis://:secret%zz@host", "redis://host?secret=1"])(
    "refuses %s and shows none of it",
    (url) => {
      const refusal = () => redisAddress(url);
      expect(refusal).toThrow(/REDIS_URL expected redis:\/\/user:password@host:port\/database/);
      expect(refusal).not.toThrow(/secret/);
    },
  );

  it("refuses a file of certificates that is not there", () => {
    expect(() => redisAddress("rediss://host", "/nowhere.pem")).toThrow(/REDIS_CA .*\/nowhere.pem.*ENOENT/);
  });
});

describeOnRedis("a connection to Redis", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  const ping = async (url: string, ca?: string): Promise<string> => {
    const link = new RedisLink({ address: redisAddress(url, ca), name: "test", clock: systemClock });
    closers.push(() => link.close());
    return await link.ask((client) => client.ping());
  };
  const started = async (options: Parameters<typeof RedisServer.start>[0]): Promise<RedisServer> => {
    const server = await RedisServer.start(options);
    closers.push(() => server.close());
    return server;
  };

  it("takes the right password, and names a wrong one, none, and a database that is not there", async () => {
    const server = await started({ password: "open-sesame" });
    expect(await ping(server.url)).toBe("PONG");
    const wrong = await rejection(ping(server.url.replace("open-sesame", "hush")));
    expect(wrong.message).toMatch(/user or password is not the right one. Correct REDIS_URL/);
    expect(wrong.message).not.toContain("hush");
    const none = await rejection(ping(`redis://localhost:${server.port}`));
    expect(none.message).toContain("redis://:password@host:port");
    const absent = await rejection(ping(`${server.url}/99`));
    expect(absent.message).toContain("DB index is out of range");
    await server.kill();
    expect((await rejection(ping(server.url))).message).toContain("nothing listens there. Start Redis");
  });

  it("is encrypted where the certificate is good, and refused where it is not", async () => {
    const server = await started({ tls: true });
    expect(await ping(server.url, fixture("ca.pem"))).toBe("PONG");
    for (const ca of [undefined, fixture("other_ca.pem")]) {
      const { message } = await rejection(ping(server.url, ca));
      expect(message).toMatch(/was not signed by one that is trusted here. Set REDIS_CA/);
    }
    const other = await rejection(ping(server.url.replace("localhost", "127.0.0.1"), fixture("ca.pem")));
    expect(other.message).toContain("its certificate is not for host 127.0.0.1");
    const plain = await rejection(ping(server.url.replace("rediss", "redis")));
    expect(plain.message).toContain("Where it takes only TLS, write rediss:// in REDIS_URL");
  });
});
