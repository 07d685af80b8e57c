"""``python -m bench [NAME ...]``, as ``make bench`` and ``orders bench`` call it."""

import argparse
import resource
import sys

from bench import catalogue, runner
from bench.bench import ROOT


def main() -> int:
    """Run the named benchmarks, or all. Return 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--quick", action="store_true", help="some seconds each, to try them")
    parser.add_argument("--list", action="store_true", help="say what there is")
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT / "tests"))  # for harness, which starts servers and processes
    if given.list:
        print("\n".join(f"{name:20} {catalogue.summary(name)}" for name in catalogue.NAMES))
        return 0
    if unknown := set(given.names) - set(catalogue.NAMES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; --list says what there is")
    _open_many_files()
    names = [name for name in catalogue.NAMES if not given.names or name in given.names]
    return 0 if runner.run(names, quick=given.quick) else 1


def _open_many_files() -> None:
    """Raise the limit of open files of this process and its children to the maximum."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main())
