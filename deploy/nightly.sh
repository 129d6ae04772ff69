#!/bin/sh
# Every night: run the engine on the logs, then carry the result into the graph. With --once: now, and end.
#
#   ATTRIBUTION_LOGS   folder of logs (events, accounts, ips, payments)      default /data/logs
#   ATTRIBUTION_LABS   dossiers                                             default /data/labs.yaml
#   ATTRIBUTION_OUT    where tables and report go                           default /data/out
#   ATTRIBUTION_STORE  the DuckDB file that keeps facts and runs            default /data/attribution.duckdb
#   ATTRIBUTION_GRAPH  neo4j://host:7687; empty: no graph
#   ATTRIBUTION_HOUR   hour of the night, UTC, two digits                   default 02
#   ATTRIBUTION_TRIES  attempts a night, a minute apart                     default 3
#
# Both steps are safe to repeat: the same logs give the same run, and loading it twice changes nothing.
set -u
logs=${ATTRIBUTION_LOGS:-/data/logs}
labs=${ATTRIBUTION_LABS:-/data/labs.yaml}
out=${ATTRIBUTION_OUT:-/data/out}
store=${ATTRIBUTION_STORE:-/data/attribution.duckdb}
graph=${ATTRIBUTION_GRAPH:-}
hour=${ATTRIBUTION_HOUR:-02}
tries=${ATTRIBUTION_TRIES:-3}

night() {
  set -- attribution run "$logs" --out "$out" --store "$store"
  [ ! -f "$labs" ] || set -- "$@" --labs "$labs"
  "$@" || return
  [ -z "$graph" ] || attribution graph load "$store" --store "$graph"
}

attempt() {
  count=1
  until night; do
    code=$?
    [ "$count" -lt "$tries" ] || { echo "nightly run failed $tries times, last exit code $code" >&2; return "$code"; }
    count=$((count + 1))
    sleep "${ATTRIBUTION_PAUSE:-60}"
  done
}

if [ "${1:-}" = --once ]; then
  attempt
  exit
fi

done_on=
while :; do
  today=$(date -u +%Y-%m-%d)
  if [ "$(date -u +%H)" = "$hour" ] && [ "$done_on" != "$today" ]; then
    attempt
    done_on=$today
  fi
  sleep 60 &
  wait $! # so that a stop is heard at once
done
