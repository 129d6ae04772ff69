#!/bin/bash
# Whether a Bolt server shakes hands: it offers version 4.4 to 4.0 and waits for one to be chosen. No JVM, no password.
# Port 7474 answers before Bolt does, so it says nothing about what the engine needs.
#
#   neo4j-answers.sh [HOST [PORT]]
exec 3<>"/dev/tcp/${1:-127.0.0.1}/${2:-7687}" || exit 1
printf '\x60\x60\xb0\x17\x00\x04\x04\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00' >&3
chosen=$(timeout 3 head -c 4 <&3 | od -An -tx1 | tr -d ' \n')
[ "${#chosen}" = 8 ] && [ "$chosen" != 00000000 ]
