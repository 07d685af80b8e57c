#!/bin/sh
# Sees to the secrets of the roles, then starts PostgreSQL.
#
# The owner's is DB_PASSWORD of the first start; what is not given is made up then. Each role's lies
# on a volume of its own, which only the database and the one who logs in with it mount; a process
# of theirs finds it through DB_PASSWORD_FILE.
set -eu
umask 077

readers=10001:10001

# keep FILE [SECRET]: have a secret in the file, the one given or one made up.
keep() {
    if [ ! -s "$1" ]; then
        mkdir -p "$(dirname "$1")"
        if [ -n "${2:-}" ]; then
            printf '%s\n' "$2" >"$1.new"
        else
            od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$1.new"
        fi
        chown "$readers" "$1.new"
        chmod 400 "$1.new"
        mv "$1.new" "$1"
    fi
    cat "$1"
}

DB_PASSWORD=$(keep /run/orders/database-password "${DB_PASSWORD:-}")
API_PASSWORD=$(keep /run/orders-api/database-password)
LISTENER_PASSWORD=$(keep /run/orders-listener/database-password)
export DB_PASSWORD API_PASSWORD LISTENER_PASSWORD

# Nobody knows the superuser's: he gets in through the container alone (docker compose exec db psql).
POSTGRES_PASSWORD=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
export POSTGRES_PASSWORD

exec docker-entrypoint.sh "$@"
