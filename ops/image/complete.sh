#!/bin/sh
# The last step of the image's files, while they may still be written: the embedded database's links and rights, which
# its package cannot carry. Nothing below the folder changes after this.
set -eu
bun=node_modules/bun/bin/bun.exe
"$bun" -e 'import { findServerBinaries } from "./src/record/server/binaries.ts"; findServerBinaries()'
# Any user may read and run all of it, and nobody may write.
chmod -R a+rX,go-w .
