/**
 * `bun run serve [--role all|ingest|api|worker]`: the service, or the part of it that this machine is to be, configured
 * by the environment (see README and docs/roles.md). The flag goes before ROLE.
 */

/** What the words say; whether the service is to start. */
async function readWords(): Promise<boolean> {
  const { readFlags, runScript } = await import("./flags/source.ts");
  const { withExample } = await import("./flags/example.ts");
  const usage = `usage: bun run serve [--role all|ingest|api|worker]

  --role  what this machine is (default ROLE, else all): docs/roles.md

Everything else is set by the environment: the table in README.md.`;
  const options = { role: { type: "string" }, help: { type: "boolean", short: "h" } } as const;
  let starts = false;
  await runScript(async () => {
    const { flags } = readFlags(options, usage);
    if (flags.help) return console.log(withExample(usage, options, "serve", { role: "all" }));
    if (typeof flags.role === "string") process.env.ROLE = flags.role;
    starts = true;
  });
  process.argv.length = 2;
  return starts;
}

if (process.argv.length === 2 || (await readWords())) {
  await (process.env.ROLE === "worker" ? import("./worker.ts") : import("../src/main.ts"));
}

export {};
