#!/bin/bash
# Tries what the Dockerfile describes where there is no Docker: its own commands (COPY, RUN of the first stage, ENV, CMD)
# on a copy of this checkout, then the service in namespaces of its own: another user id without a name, no capability, a
# read-only root, /data and /tmp the only places to write. Needs root, and what the second stage installs.
#
#   ops/image/prove.sh [user id]            default 12345
set -euo pipefail
cd "$(dirname "$0")/../.."
uid=${1:-12345}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
image=$work/image
mkdir -p "$image/app"

mapfile -t command < <(sed -n 's/^\(ENTRYPOINT\|CMD\) //p' Dockerfile | tr -d '[]"' | tr ',' '\n' | sed 's/^ *//')
for program in "${command[0]}" /usr/bin/setpriv; do
  [ -x "$program" ] || { echo "prove.sh expected $program, is not here. Install it: apt-get install $(basename "$program")" >&2; exit 2; }
done
# For a user without a name, as the second stage installs it.
ls /usr/lib/*/libnss_wrapper.so >/dev/null 2>&1 || { echo "prove.sh expected libnss_wrapper.so, is not here. Install it: apt-get install libnss-wrapper" >&2; exit 2; }

first_stage() { sed -n '/ AS build$/,/^FROM debian/p' Dockerfile | grep -E "^$1 " | cut -d' ' -f2-; }
echo "== build: the first stage's steps, in order"
sed -n '/ AS build$/,/^FROM debian/p' Dockerfile | grep -E '^(COPY|RUN) ' | while read -r step words; do
  if [ "$step" = RUN ]; then
    echo "RUN $words"
    (cd "$image/app" && "./$words" </dev/null)
  else
    read -ra parts <<<"$words"
    target=$image/app/${parts[-1]}
    for from in "${parts[@]:0:${#parts[@]}-1}"; do
      mkdir -p "$target"
      if [ -d "$from" ]; then cp -r "$from/." "$target"; else cp "$from" "$target"; fi
    done
  fi
done
[ -n "$(first_stage RUN)" ]
du -sh "$image/app" | sed "s|$work/image||;s|^|size: |"

cat >"$work/inside.sh" <<'INSIDE'
set -u
failed=0
say() { echo "   $*"; }
expect() { if [ "$1" != "$2" ]; then say "WRONG: $3 expected $2, was $1"; failed=1; fi; }
say "user $(id -u), capabilities $(grep CapEff /proc/self/status | cut -f2)"
for place in /app/x /x; do touch $place 2>/dev/null; expect $? 1 "touch $place"; done
bun scripts/exchange.ts --simulate --port 9551 >/tmp/exchange.log 2>&1 &
exchange=$!
for _ in $(seq 300); do grep -q BINANCE_REST_URL /tmp/exchange.log && break; sleep 0.2; done
export $(grep -oE 'BINANCE_[A-Z_]+=\S+' /tmp/exchange.log)
"$@" >/tmp/service.log 2>&1 &
service=$!
for _ in $(seq 600); do
  /app/ops/image/healthcheck.sh 2>/dev/null && break
  kill -0 $service 2>/dev/null || { say "WRONG: the service ended: $(tail -n 3 /tmp/service.log)"; exit 1; }
  sleep 0.2
done
/app/ops/image/healthcheck.sh; code=$?; say "health check: exit code $code"; expect $code 0 "the health check"
ask() { exec 4<>"/dev/tcp/127.0.0.1/$PORT"; printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$1" >&4; cat <&4 | tr -d '\r'; }
for _ in $(seq 600); do ask /latest 2>/dev/null | grep -q yhat && break; sleep 0.2; done
expect "$(ask /latest | head -c 12)" "HTTP/1.1 200" "/latest"
say "/latest: $(ask /latest | sed -n '1p;$p' | cut -c1-160 | tr '\n' ' ')"
say "database: $(ls /data | tr '\n' ' ')"
kill -TERM $service; wait $service; code=$?; say "SIGTERM: exit code $code"; expect $code 0 "the end by SIGTERM"
tail -n 3 /tmp/service.log | cut -c1-200
kill $exchange; wait $exchange
PORT=9 /app/ops/image/healthcheck.sh 2>/dev/null; code=$?; say "health check where nothing listens: exit code $code"; expect $code 1 "the health check of nothing"
exit $failed
INSIDE

cat >"$work/root.sh" <<'ROOT'
set -euo pipefail
root=$1 app=$2 inside=$3 uid=$4
shift 4
mount -t tmpfs root "$root"
cd "$root"
mkdir usr etc proc dev app data tmp
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$folder"; done
for folder in usr etc dev; do mount --rbind "/$folder" "$folder"; done
for folder in usr etc; do mount -o remount,bind,ro "$folder"; done
mount -t proc proc proc
mount --bind "$app" app && mount -o remount,bind,ro app
mount -t tmpfs -o mode=1777 data data && mount -t tmpfs -o mode=1777 tmp tmp
mount -t tmpfs local usr/local && mkdir usr/local/bin && ln -s /app/node_modules/bun/bin/bun.exe usr/local/bin/bun
cp "$inside" tmp/inside.sh
mount -o remount,ro "$root"
exec chroot "$root" /usr/bin/setpriv --reuid="$uid" --regid="$uid" --clear-groups --no-new-privs \
  --bounding-set=-all --inh-caps=-all /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin "$@"
ROOT

mkdir "$work/root"
mapfile -t settings < <(sed -n 's/^ENV //p' Dockerfile | tr ' ' '\n' | sed 's/^PORT=.*/PORT=9550/')
echo "== run: ${command[*]}, as user $uid"
unshare --mount --pid --fork --kill-child bash "$work/root.sh" "$work/root" "$image/app" "$work/inside.sh" "$uid" \
  "${settings[@]}" bash -c 'cd /app && exec bash /tmp/inside.sh "$@"' inside "${command[@]}"
