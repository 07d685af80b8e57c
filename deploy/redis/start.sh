#!/bin/sh
# Sees to the secrets of those who may talk to Redis, then starts it. Each lies on a volume that only
# Redis and its owner mount; a process finds its own through REDIS_PASSWORD_FILE.
set -eu
umask 077

users=/tmp/users.acl
cp /usr/local/share/orders/users.acl "$users.new"
for name in api listener gateway; do
    secret=/run/orders-redis/$name/password
    if [ ! -s "$secret" ]; then
        od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$secret.new"
        chmod 400 "$secret.new"
        mv "$secret.new" "$secret"
    fi
    sed "s/@$name@/$(cat "$secret")/" "$users.new" >"$users.next"
    mv "$users.next" "$users.new"
done
mv "$users.new" "$users"

exec redis-server --aclfile "$users" --save '' --appendonly no --protected-mode no --loglevel warning
