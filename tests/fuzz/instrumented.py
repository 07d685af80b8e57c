"""One target under atheris: ``python -m fuzz.instrumented TARGET [options of libFuzzer]``."""

import sys

import atheris

OURS = ["orders_access", "orders_contract", "orders_gateway", "jwt", "urllib.parse"]

with atheris.instrument_imports(include=OURS):
    from fuzz.targets import TARGETS


def main() -> None:
    """Fuzz until time is up; ends the process, with a status other than 0 if something broke."""
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
