#!/bin/sh
# Makes what an earlier version left what this one expects: roles, their passwords, schema. Runs while
# everything runs, any number of times.
set -eu

DB_PASSWORD=$(cat /run/orders/database-password)
API_PASSWORD=$(cat /run/orders-api/database-password)
LISTENER_PASSWORD=$(cat /run/orders-listener/database-password)
export DB_PASSWORD API_PASSWORD LISTENER_PASSWORD

apply() {
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$@"
}
apply --username=postgres --dbname=postgres --file=/usr/local/share/orders/roles.sql
apply --file=/usr/local/share/orders/init.sql
