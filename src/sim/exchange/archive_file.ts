/** A file of the archive and the line that vouches for it, as the exchange publishes them. */

import { createHash } from "node:crypto";
import { zipSync } from "fflate";
import type { ArchiveFile } from "../../binance/archive/layout.ts";

/** The same rows are the same bytes: the date inside is fixed. */
export const archiveZip = ({ name }: ArchiveFile, csv: Uint8Array): Uint8Array =>
  zipSync({ [name.replace(/\.zip$/, ".csv")]: csv }, { level: 1, mtime: "2020-01-01" });

/** What is in its `.CHECKSUM`. */
export const archiveChecksum = ({ name }: ArchiveFile, zip: Uint8Array): string =>
  `${createHash("sha256").update(zip).digest("hex")}  ${name}\n`;
