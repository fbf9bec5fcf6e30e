# syntax=docker/dockerfile:1.7
# One image for every role (ROLE, or the command's --role), for linux/amd64 and linux/arm64:
#   docker buildx build --platform linux/amd64,linux/arm64 -t foretick .
# It runs as an ordinary user from the start, also as one of your own (docker run --user 12345), with every capability
# dropped and a read-only root: it writes to /data and /tmp.

FROM node:22.15.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY ops/image/dependencies.sh ops/image/
# Bun comes from npm at the version the lockfile pins.
RUN ops/image/dependencies.sh
COPY bunfig.toml tsconfig.json ./
COPY src ./src
COPY sql ./sql
COPY scripts ./scripts
COPY models/gates.json ./models/
COPY ops ./ops
RUN ops/image/complete.sh

FROM debian:bookworm-20250428-slim
# tini reaps what the service leaves behind and hands signals on. libnss-wrapper gives a user without a name one, which
# the embedded database's set-up asks for.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libnss-wrapper tini \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 1000 foretick && useradd --uid 1000 --gid 1000 --home-dir /data --no-create-home foretick \
 && mkdir /data && chown foretick:foretick /data && chmod 1777 /data
WORKDIR /app
COPY --from=build /app /app
RUN ln -s /app/node_modules/bun/bin/bun.exe /usr/local/bin/bun
# Models that were trained are kept with the data, so that they outlive the image.
ENV HOME=/data DATA_DIR=/data MODEL_DIR=/data/models PORT=8080 LOG_FORMAT=json BUN_RUNTIME_TRANSPILER_CACHE_PATH=0
USER 1000:1000
EXPOSE 8080
VOLUME /data
HEALTHCHECK --interval=15s --timeout=3s --start-period=60s CMD ["/app/ops/image/healthcheck.sh"]
ENTRYPOINT ["/usr/bin/tini", "-s", "--"]
CMD ["bun", "scripts/serve.ts"]
