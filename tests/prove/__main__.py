"""Random SQL, DDL and faults: ``python -m prove [--seconds N] [--seed N] [--redis sentinel]``."""

import argparse
import asyncio
import secrets
import sys

from harness.servers import Postgres
from prove.run import Plan, prove
from prove.system import GROUPS, SERVER
from prove.weather import FAULTS, GROUP_FAULTS


def main() -> int:
    """Run once; return 1 if there are findings."""
    parser = argparse.ArgumentParser(prog="prove", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--redis", choices=["", *GROUPS], default="", help="with fail-overs of it")
    chosen = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if chosen.seed is None else chosen.seed
    faults = GROUP_FAULTS if chosen.redis else FAULTS
    plan = Plan(seed, chosen.seconds, chosen.clients, faults=faults, redis=chosen.redis)
    sys.stdout.write(f"prove    seed {seed}, {chosen.seconds:.0f} s, {chosen.clients} clients\n")
    sys.stdout.flush()
    postgres = Postgres(options=SERVER)
    try:
        report = asyncio.run(prove(plan, postgres))
    finally:
        postgres.close()
    sys.stdout.write(f"prove    seed {seed}: {'FAILED' if report.findings else 'passed'}\n")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
