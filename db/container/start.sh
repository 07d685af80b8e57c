#!/bin/sh
# Creates the passwords of the roles, then starts PostgreSQL.
#
# The owner's password is DB_PASSWORD of the first start, or is generated then. Each role's password is
# a file on a volume of its own, which only the database and the service of that role mount; the service
# reads it through DB_PASSWORD_FILE.
set -eu
umask 077

readers=10001:10001

# keep FILE [SECRET]: unless the file has a secret, write the given or a generated one; print it.
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

# The superuser's password is random and stored nowhere: the superuser logs in only inside the container
# (docker compose exec db psql).
POSTGRES_PASSWORD=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
export POSTGRES_PASSWORD

exec docker-entrypoint.sh "$@"
