#!/bin/sh
# Every night: run the engine on the logs, then carry the result into the graph. With --once: now, and end.
#
#   ATTRIBUTION_LOGS   folder of logs (events, accounts, ips, payments)      default /data/logs
#   ATTRIBUTION_LABS   dossiers                                             default /data/labs.yaml
#   ATTRIBUTION_OUT    where tables and report go                           default /data/out
#   ATTRIBUTION_STORE  the DuckDB file that keeps facts and runs            default /data/attribution.duckdb
#   ATTRIBUTION_GRAPH  neo4j://host:7687; empty: no graph
#   ATTRIBUTION_HOUR   hour of the night, UTC, 0 to 23                      default 2
#   ATTRIBUTION_DONE   the file that says which night was done last         default /data/nightly.done
#   ATTRIBUTION_TRIES  attempts in a row, a minute apart                    default 3
#   ATTRIBUTION_PAUSE  seconds between two of these                         default 60
#   ATTRIBUTION_LATER  seconds after which a night that failed is tried again   default 3600
#
# Both steps are safe to repeat: the same logs give the same run, and loading it twice changes nothing. A night counts as
# done when both came through, and that outlives a restart: one that was missed is made up for at once. What no repetition
# mends (arguments, logs, settings, dossiers, judgements, a bug) is tried once a night, and at every start.
set -u
logs=${ATTRIBUTION_LOGS:-/data/logs}
labs=${ATTRIBUTION_LABS:-/data/labs.yaml}
out=${ATTRIBUTION_OUT:-/data/out}
store=${ATTRIBUTION_STORE:-/data/attribution.duckdb}
graph=${ATTRIBUTION_GRAPH:-}
hour=${ATTRIBUTION_HOUR:-2}
done_file=${ATTRIBUTION_DONE:-/data/nightly.done}
tries=${ATTRIBUTION_TRIES:-3}

case ${hour#0} in
  [0-9] | 1[0-9] | 2[0-3]) hour=${hour#0} ;;
  "") hour=0 ;;
  *) echo "error: ATTRIBUTION_HOUR is $hour" >&2; echo "remedy: give an hour from 0 to 23, UTC" >&2; exit 2 ;;
esac

child=
trap 'test -z "$child" || kill -s TERM "$child" 2>/dev/null; wait; exit 143' TERM
trap 'test -z "$child" || kill -s TERM "$child" 2>/dev/null; wait; exit 130' INT

listening() { # run a command so that a stop is heard at once, and passed on
  "$@" &
  child=$!
  wait "$child"
  ended=$?
  child=
  return "$ended"
}

night() {
  set -- attribution run "$logs" --out "$out" --store "$store"
  [ ! -f "$labs" ] || set -- "$@" --labs "$labs"
  listening "$@" || return
  [ -z "$graph" ] || listening attribution graph load "$store" --store "$graph"
}

lasting() { # exit codes that another attempt would meet again; docs/cli.md says what they mean
  case $1 in 2 | 3 | 4 | 5 | 8 | 70) return 0 ;; *) return 1 ;; esac
}

tonight() { # the date of the night that is due: the last time that the hour struck
  date -u -d "@$(($(date -u +%s) - hour * 3600))" +%Y-%m-%d
}

attempt() { # NIGHT
  count=1
  until night; do
    code=$ended
    if lasting "$code"; then
      echo "night of $1 failed with exit code $code, which trying again does not mend" >&2
      return "$code"
    fi
    [ "$count" -lt "$tries" ] || { echo "night of $1 failed $tries times, last exit code $code" >&2; return "$code"; }
    count=$((count + 1))
    listening sleep "${ATTRIBUTION_PAUSE:-60}"
  done
  { echo "$1" > "$done_file.new" && mv "$done_file.new" "$done_file"; } || {
    echo "error: $done_file cannot be written" >&2
    return 1
  }
}

if [ "${1:-}" = --once ]; then
  attempt "$(tonight)"
  exit
fi

given_up=
while :; do
  due=$(tonight)
  if [ "$(cat "$done_file" 2>/dev/null)" != "$due" ] && [ "$given_up" != "$due" ]; then
    attempt "$due"
    code=$?
    if lasting "$code"; then
      given_up=$due
    elif [ "$code" -ne 0 ]; then
      listening sleep "${ATTRIBUTION_LATER:-3600}"
    fi
  fi
  listening sleep 60
done
