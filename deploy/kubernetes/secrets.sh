#!/bin/sh
# Makes the Secrets that the overlay `embedded` refers to, with random passwords; those that exist stay.
#
#   deploy/kubernetes/secrets.sh [NAMESPACE]        # default: orders
set -eu
namespace=${1:-orders}

# make NAME KEY
make() {
    kubectl --namespace "$namespace" get secret "$1" >/dev/null 2>&1 && return
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n' |
        kubectl --namespace "$namespace" create secret generic "$1" --from-file="$2=/dev/stdin"
}
for role in superuser owner api listener; do
    make "database-$role" database-password
done
for user in api listener gateway; do
    make "redis-$user" password
done
make internal internal-secret
