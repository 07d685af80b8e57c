#!/bin/sh
# Load Northwind into an empty database and make it live:
#
#     examples/northwind/live.sh postgresql://user:password@host:port/northwind [--yes]
#
# See the README beside this file.
set -eu
database=$1
shift
cd "$(dirname "$0")/../.."
psql=$(.venv/bin/python -c 'from orders_cli.stack.binaries import postgres_binaries as found; print(found() / "psql")')

"$psql" "$database" -qX -v ON_ERROR_STOP=1 -f examples/northwind/northwind.sql
.venv/bin/orders attach "$database" --orders northwind.orders --watch northwind.order_details \
    --status state --customer company --title ship_country "$@"
