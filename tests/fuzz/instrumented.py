"""One target under atheris: ``python -m fuzz.instrumented TARGET [options of libFuzzer]``."""

import sys

import atheris

OURS = ["orders_access", "orders_contract", "orders_gateway", "jwt", "urllib.parse"]

with atheris.instrument_imports(include=OURS):
    from fuzz.targets import TARGETS


def main() -> None:
    """Fuzz until time is up, then end the process; status 0 means that no input failed."""
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
