#!/bin/bash
# Whether the service makes progress: exit code 0 where GET /health/live answers 200. By the shell's own socket, so that
# a check starts no second Bun and needs no curl. A worker listens nowhere: that its process lives is all there is to see.
[ "$ROLE" = worker ] && exit 0
exec 3<>"/dev/tcp/127.0.0.1/${PORT:-8080}" || exit 1
printf 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 2 _ status _ <&3
[ "$status" = 200 ]
