/** Why rows are not taken, by the database, a table or the disk, and since when. */

import type { ErrorCode } from "../../../base/errors.ts";
import type { Micros } from "../../../base/units.ts";

export interface WriteFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly since_us: Micros;
}
