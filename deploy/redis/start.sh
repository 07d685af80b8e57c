#!/bin/sh
# Creates a password for each service at the first start, then starts Redis. Each password is on a
# volume that only Redis and that service mount; REDIS_PASSWORD_FILE tells the service where. API and
# gateway get a secret on the same volumes by which gateways identify themselves to the API.
set -eu
umask 077

random() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

# keep FILE: unless the file has a secret, write the one on stdin.
keep() {
    if [ ! -s "$1" ]; then
        cat >"$1.new"
        chmod 400 "$1.new"
        mv "$1.new" "$1"
    fi
}

random | keep /run/orders-redis/api/internal-secret
if ! cmp -s /run/orders-redis/api/internal-secret /run/orders-redis/gateway/internal-secret; then
    cp /run/orders-redis/api/internal-secret /run/orders-redis/gateway/internal-secret.new
    mv /run/orders-redis/gateway/internal-secret.new /run/orders-redis/gateway/internal-secret
fi

users=/tmp/users.acl
cp /usr/local/share/orders/users.acl "$users.new"
for name in api listener gateway; do
    secret=/run/orders-redis/$name/password
    random | keep "$secret"
    sed "s/@$name@/$(cat "$secret")/" "$users.new" >"$users.next"
    mv "$users.next" "$users.new"
done
mv "$users.new" "$users"

exec redis-server --aclfile "$users" --save '' --appendonly no --protected-mode no --loglevel warning
