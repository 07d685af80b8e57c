#!/bin/sh
# Creates a password for each service at the first start, then starts Redis. Each password is on a
# volume that only Redis and that service mount; REDIS_PASSWORD_FILE tells the service where.
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
