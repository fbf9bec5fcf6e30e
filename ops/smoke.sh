#!/bin/bash
# Whether a service that was just deployed does its work: alive, ready, and a forecast that is fresh and goes on.
#   ops/smoke.sh https://foretick.fly.dev [symbol]
# With METRICS_PORT the metrics are elsewhere: METRICS_URL=http://host:9464, or METRICS_URL=none where they cannot be reached.
set -euo pipefail
url=${1:?usage: ops/smoke.sh <url> [symbol]}
symbol=${2:-BTCUSDT}
ask() { curl --silent --show-error --fail --max-time 5 "$url$1"; }
second() { ask "/latest?symbol=$symbol" | grep -o '"ts_sec":[0-9]*' | cut -d: -f2; }

# A leader that has just begun needs its look-back first.
for left in $(seq 60 -1 0); do
  ask /health/live >/dev/null && ask /health/ready >/dev/null && break
  [ "$left" = 0 ] && { echo "$url expected to be ready within two minutes, is not: see $url/health"; exit 1; }
  sleep 2
done
first=$(second)
age=$(($(date +%s) - first))
[ "$age" -le 10 ] || { echo "the forecast expected to be fresh is $age s old"; exit 1; }
sleep 5
later=$(second)
[ "$later" -gt "$first" ] || { echo "a newer forecast expected after 5 s, was none since $first"; exit 1; }
metrics=${METRICS_URL:-$url}
[ "$metrics" = none ] || curl --silent --show-error --fail --max-time 5 "$metrics/metrics" | grep -q '^foretick_' ||
  { echo "$metrics/metrics expected foretick's metrics, has none"; exit 1; }
echo "$url: ready, the newest forecast is of second $later"
