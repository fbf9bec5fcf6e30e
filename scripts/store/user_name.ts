/** Who runs a command, for the record. */

import { userInfo } from "node:os";

/** A container may run under an id that has no name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}
