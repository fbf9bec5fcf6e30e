#!/bin/sh
# What of node_modules the image carries: run in the folder of package.json and package-lock.json, by the Dockerfile and
# by ops/image/prove.sh. Production dependencies at the lock's versions, without files of other platforms.
set -eu

# No install script runs but Bun's own; see scripts/bootstrap.mjs.
npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
node node_modules/bun/install.js

# The same program under a second name.
rm -f node_modules/bun/bin/bunx.exe
# Its package holds every platform's library.
here=$(node -p 'process.platform + "/" + process.arch')
for found in node_modules/onnxruntime-node/bin/*/*/*/; do
  case "$found" in */"$here"/) ;; *) rm -rf "$found" ;; esac
done
# What only a debugger or a bundler reads. (The network library's dist/ folders are what is imported.)
find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete
