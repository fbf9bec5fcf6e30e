# One process, one image. Bun comes from npm at the version the lockfile pins.
FROM node:22-bookworm-slim
WORKDIR /app
COPY package.json package-lock.json ./
# No install script runs but Bun's own; see scripts/bootstrap.mjs.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && node node_modules/bun/install.js \
 && ln -s /app/node_modules/bun/bin/bun.exe /usr/local/bin/bun
COPY bunfig.toml tsconfig.json ./
COPY src ./src
COPY sql ./sql
COPY scripts ./scripts
COPY models ./models
# The embedded database is made fit to run while its files may still be written.
RUN bun -e "import { findServerBinaries } from './src/record/server_binaries.ts'; findServerBinaries()" \
 && mkdir -p /data && chown node:node /data /app/models
ENV HOME=/home/node DATA_DIR=/data MODEL_DIR=/app/models PORT=8080 LOG_FORMAT=json
EXPOSE 8080
VOLUME /data
HEALTHCHECK --interval=15s --timeout=3s --start-period=60s \
  CMD ["bun", "-e", "process.exit((await fetch(`http://127.0.0.1:${process.env.PORT}/health/live`)).ok ? 0 : 1)"]
# A platform mounts its volume as root's. It is given to the user the service runs as, and root is left behind.
CMD ["sh", "-c", "chown node:node \"$DATA_DIR\" && exec setpriv --reuid=node --regid=node --init-groups bun src/main.ts"]
