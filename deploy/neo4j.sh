#!/bin/sh
# Starts Neo4j's own image with the password of a secret, and refuses without one: an empty password would leave the
# image with its default. What may go wrong is said before the server starts.
#
#   NEO4J_PASSWORD_SECRET   file with the password      default /run/secrets/neo4j_password
#   NEO4J_ENTRY             the image's own entry       default /startup/docker-entrypoint.sh
set -eu
file=${NEO4J_PASSWORD_SECRET:-/run/secrets/neo4j_password}
entry=${NEO4J_ENTRY:-/startup/docker-entrypoint.sh}

refuse() {
  echo "error: $1" >&2
  echo "remedy: make the secrets with deploy/secrets.sh, or write a password of eight characters or more into the file" >&2
  exit 1
}

[ -r "$file" ] || refuse "no password: $file cannot be read"
password=$(cat "$file")
[ -n "$password" ] || refuse "no password: $file is empty"
[ "${#password}" -ge 8 ] || refuse "the password in $file is shorter than eight characters"
case $password in
  */*) refuse "the password in $file has a slash, which the image takes for a separator" ;;
esac
# The image turns every other NEO4J_ variable into a setting of the server, and stops at one that it does not know.
unset NEO4J_PASSWORD_SECRET NEO4J_ENTRY
export NEO4J_AUTH="neo4j/$password"
exec "$entry" "$@"
