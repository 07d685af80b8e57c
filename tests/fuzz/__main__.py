"""Fuzz the parsers of untrusted input: ``python -m fuzz [--seconds 60] [--target NAME]``.

Each target runs in its own process. A failing input is kept in a file, whose name is printed. The
fuzzer is atheris, which is guided by the lines that its input reaches.
"""

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from fuzz.targets import TARGETS

KEPT = Path(__file__).resolve().parents[2] / "test-results" / "fuzz"
MAX_BYTES = 8_192
SLOW_S = 5
"""An input that takes longer counts as a failure."""


def missing() -> str | None:
    """Return the reason why fuzzing is not possible here; None if it is."""
    if importlib.util.find_spec("atheris") is None:
        return "atheris is not installed: it exists for Linux on x86-64, Python 3.11 to 3.14"
    return None


def main() -> int:
    """Fuzz the named targets, or all. Return 1 if one failed."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", choices=TARGETS, help="this one alone")
    chosen = parser.parse_args()
    if (reason := missing()) is not None:
        sys.stderr.write(f"fuzz: {reason}\n")
        return 1
    names = [chosen.target] if chosen.target else list(TARGETS)
    return max([fuzz(name, chosen.seconds) for name in names])


def fuzz(name: str, seconds: int) -> int:
    """Fuzz one target; return 0 if no input failed."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="orders-fuzz-") as folder:
        corpus, words = Path(folder) / "corpus", Path(folder) / "words"
        corpus.mkdir()
        for number, seed in enumerate(TARGETS[name].seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
        words.write_text("".join(f'"{_quoted(word)}"\n' for word in TARGETS[name].words))
        options = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", f"-timeout={SLOW_S}"]
        options += [f"-dict={words}", f"-artifact_prefix={KEPT}/{name}-", "-print_final_stats=1"]
        sys.stderr.write(f"--- {name}: {seconds} s\n")
        command = [sys.executable, "-m", "fuzz.instrumented", name, *options, str(corpus)]
        done = subprocess.run(command, cwd=KEPT.parents[1] / "tests", check=False)
    return int(done.returncode != 0)


def _quoted(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main())
