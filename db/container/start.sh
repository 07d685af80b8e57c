#!/bin/sh
# Sees to the secret of the role "orders", then starts PostgreSQL.
#
# The secret is DB_PASSWORD of the first start, else made up then. It lies on a volume that only the
# database and those who log in to it mount; a process of theirs finds it through DB_PASSWORD_FILE.
set -eu
umask 077

secret=/run/orders/database-password
readers=10001:10001

mkdir -p "$(dirname "$secret")"

if [ ! -s "$secret" ]; then
    if [ -n "${DB_PASSWORD:-}" ]; then
        printf '%s\n' "$DB_PASSWORD" >"$secret.new"
    else
        od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$secret.new"
    fi
    chown "$readers" "$secret.new"
    chmod 400 "$secret.new"
    mv "$secret.new" "$secret"
fi
DB_PASSWORD=$(cat "$secret")
export DB_PASSWORD

# Nobody knows the superuser's: he gets in through the container alone (docker compose exec db psql).
POSTGRES_PASSWORD=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
export POSTGRES_PASSWORD

exec docker-entrypoint.sh "$@"
