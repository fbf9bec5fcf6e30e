/** The report card that a registered bundle holds, as it was written: from this machine's MODEL_DIR, else from the store. */

import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { ForetickError, fail } from "../../base/errors.ts";
import type { Seal } from "../../base/seal/seal.ts";
import { REPORT_FILE, readBundleFile, sha256Hex } from "../../model/bundle/files.ts";
import { bundleDir } from "../../model/bundle/install.ts";
import type { BundleStore } from "../../record/registry/bundle_store.ts";
import type { ModelDetails } from "../../record/registry/rows.ts";

export interface ReportPlaces {
  readonly model_dir: string;
  readonly seal: Seal | undefined;
  /** Undefined where the configuration names none. */
  readonly store: Pick<BundleStore, "read"> | undefined;
  readonly clock: Clock;
}

/**
 * @throws ForetickError NOT_FOUND where the bundle has none; BUNDLE_INVALID where no place has the bundle or it is no JSON;
 * BUNDLE_HASH where it is not the one that was registered; BUNDLE_KEY, BUNDLE_STORE.
 */
export async function reportCard(
  { version, sha256s }: Pick<ModelDetails, "version" | "sha256s">,
  { model_dir, seal, store, clock }: ReportPlaces,
): Promise<unknown> {
  const expected = sha256s[REPORT_FILE];
  if (expected === undefined)
    return fail("NOT_FOUND", `${version} has no report card: its bundle was written without one`);
  const limit = { clock, limit: "registry_ms_max" as const, what: `the report card of ${version}` };
  const here = readBundleFile(bundleDir(model_dir, version), REPORT_FILE, seal);
  const bytes = await withDeadline(
    here.catch((error: unknown) => {
      const is_elsewhere = error instanceof ForetickError && error.code === "BUNDLE_INVALID" && store;
      if (!is_elsewhere) throw error;
      return is_elsewhere.read(version, REPORT_FILE);
    }),
    limit,
  );
  if (sha256Hex(bytes) !== expected)
    return fail("BUNDLE_HASH", `${REPORT_FILE} of ${version} is not the file that was registered`);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    return fail("BUNDLE_INVALID", `${REPORT_FILE} of ${version} expected to be JSON, was not`, {
      cause: error,
    });
  }
}
