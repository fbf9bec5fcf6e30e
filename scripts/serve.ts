/** `bun run serve`: the service, configured by the environment (see README). */

import "../src/main.ts";
