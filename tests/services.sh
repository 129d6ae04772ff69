#!/usr/bin/env bash
# Looks for what the tests of Neo4j and of the report need, installs it where that is possible, and says loudly where not.
set -u
need=()
command -v java >/dev/null || need+=(openjdk-17-jre-headless)
command -v mvn >/dev/null || need+=(maven)
command -v chromium >/dev/null || need+=(chromium)
[ ${#need[@]} -gt 0 ] || exit 0
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "installing for the tests: ${need[*]}"
  { apt-get update -q && apt-get install -y -q --no-install-recommends "${need[@]}"; } >/tmp/attribution-services.log 2>&1 && exit 0
  tail -n 5 /tmp/attribution-services.log
fi
echo "==================================================================================================="
echo "NOT EVERYTHING WILL BE TESTED: missing ${need[*]}"
echo "Tests against a real Neo4j need Java and Maven, tests of the report in a browser need Chromium."
echo "==================================================================================================="
[ -z "${ATTRIBUTION_NO_SKIP:-}" ]
