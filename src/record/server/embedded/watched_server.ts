/**
 * How the embedded server is started: by a shell that watches a pipe to us. When we close it, or are killed, the shell
 * asks for a fast shutdown.
 *
 * fsync and synchronous_commit stay on: a batch that was reported as written is on disk.
 */

/** Modest memory, one writer: enough for the market's data, and little for a laptop. */
const SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "40",
  shared_buffers: "64MB",
  effective_cache_size: "512MB",
  work_mem: "16MB",
  maintenance_work_mem: "64MB",
  max_wal_size: "512MB",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_logical_replication_workers: "0",
  wal_compression: "on",
  checkpoint_timeout: "15min",
  io_method: "sync",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  log_checkpoints: "off",
} as const;

const WATCHED_SERVER = `
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
{ read -r _ <&3; kill -INT "$server"; } 2>/dev/null &
watcher=$!
exec 3<&-
wait "$server"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"
`;

/** What `/bin/sh` is given. @param more settings beside ours, or in their place: a port at least. */
export function watchedServer(
  postgres: string,
  directory: string,
  more: Readonly<Record<string, string>>,
): string[] {
  const settings = Object.entries({ ...SETTINGS, ...more });
  return [
    ...["-c", WATCHED_SERVER, "foretick-postgres", postgres, "-D", directory],
    ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
}
