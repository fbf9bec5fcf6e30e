/** One reading of a database's URL for both drivers. */

import { describe, expect, it } from "vitest";
import { parseAddress, placeOf } from "../../../src/record/server/address.ts";

const read = (url: string, environment: Record<string, string> = {}) => parseAddress(url, environment);

describe("a database's URL", () => {
  it.each([
    [
      "postgres://u:p@db.example.com:6432/prices",
      { host: "db.example.com", port: 6432, user: "u", password: "p", database: "prices" },
    ],
    ["postgresql://u@db/", { host: "db", port: 5432, user: "u", password: "", database: "u" }],
    ["postgres://u:p@[::1]:5433/d", { host: "::1", port: 5433, database: "d" }],
    ["postgres://u:p@[fe80::1%25eth0]/d", { host: "fe80::1%eth0" }],
    [
      "postgres://u:p@/d?host=/var/run/postgresql",
      { host: "/var/run/postgresql", port: 5432, database: "d" },
    ],
    ["postgres://u:p@%2Fvar%2Frun%2Fpostgresql:6000/d", { host: "/var/run/postgresql", port: 6000 }],
    ["postgres://u:100%@h/d", { password: "100%" }],
    ["postgres://u:50%zz%25@h/d", { password: "50%zz%" }],
    ["postgres://u:%C3%A4@h/d", { password: "ä" }],
    ["postgres://u:%FF@h/d", { password: "%FF" }],
    ["postgres://u:p@ss@h/d", { password: "p@ss", host: "h" }],
    [
      "postgres://u:p/a?b#c@h:1/d?sslmode=require",
      { password: "p/a?b#c", host: "h", port: 1, sslmode: "require" },
    ],
    ["postgres://us%40er:p%3Aw@h/d%20b", { user: "us@er", password: "p:w", database: "d b" }],
    [
      "postgres://u:p@h/d?sslmode=verify-full&sslrootcert=/ca.pem",
      { sslmode: "verify-full", sslrootcert: "/ca.pem" },
    ],
    [
      "postgres://u:p@h/d?channel_binding=require&options=-c%20a%3Db&application_name=x",
      { settings: { options: "-c a=b" } },
    ],
  ] as const)("is read as libpq does: %s", (url, expected) => {
    expect(read(url)).toMatchObject(expected);
  });

  it("takes from the environment what it leaves out, and nothing that it says", () => {
    const environment = { PGSSLMODE: "verify-ca", PGSSLROOTCERT: "/r.pem", PGUSER: "e", PGPASSWORD: "s" };
    expect(read("postgres://h/d", environment)).toMatchObject({
      ...{ sslmode: "verify-ca", sslrootcert: "/r.pem", user: "e", password: "s" },
    });
    expect(read("postgres://u:p@h/d?sslmode=disable", environment)).toMatchObject({
      ...{ sslmode: "disable", user: "u", password: "p" },
    });
  });

  it.each([
    [
      "mysql://u:hunter2@h/d",
      /DATABASE_URL expected postgres:\/\/user:password@host:port\/database, was something else/,
    ],
    ["postgres://u:hunter2@h:port/d", /no host, port and database.*%40 for @/],
    ["postgres://u:hunter2@h:99999/d", /expected a port from 1 to 65535/],
    [
      "postgres://u:hunter2@h/d?sslmode=maybe",
      /sslmode of DATABASE_URL expected one of disable, allow, prefer/,
    ],
    ["postgres://u:hun ter2@h h/d", /no host/],
  ])("that is none is refused in a sentence without a piece of it: %s", (url, sentence) => {
    expect(() => read(url)).toThrow(sentence);
    try {
      read(url);
    } catch (error) {
      expect(String((error as Error).message)).not.toMatch(/hun|ter2|maybe|99999/);
    }
  });

  it("is shown by its place alone", () => {
    expect(placeOf(read("postgres://u:p@[::1]/d"))).toBe("[::1]:5432/d");
    expect(placeOf(read("postgres://u:p@/d?host=/run"))).toBe("/run (port 5432)/d");
  });
});
