#!/bin/sh
# Makes what is secret, each in a file of its own; what is there stays. Prints the API key once: only its hash is kept.
#
#   deploy/secrets.sh [FOLDER]     default: secrets, beside docker-compose.yml
#
# The folder is closed to others on this machine. The files in it are readable because Compose mounts each one into a
# container with the mode that it has here, and the engine's user there is number 10001.
set -eu
folder=${1:-secrets}
mkdir -p "$folder"
chmod 700 "$folder"

random() { head -c "$1" /dev/urandom | od -An -tx1 | tr -d ' \n'; }

keep() { # NAME TEXT
  [ ! -e "$folder/$1" ] || { echo "$folder/$1 is there already"; return 0; }
  printf '%s\n' "$2" > "$folder/$1.new"
  chmod 444 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
  echo "made $folder/$1"
}

keep neo4j_password "$(random 16)"
keep hash_key "$(random 32)"
if [ ! -e "$folder/api_keys" ]; then
  key=$(random 32)
  keep api_keys "reader:$(printf %s "$key" | sha256sum | cut -d' ' -f1)"
  echo "the API key of \"reader\", shown once: $key"
else
  echo "$folder/api_keys is there already"
fi
