# ruff: noqa: INP001, T201  a script that make runs
"""Runs ``pip install`` and shows one line of progress instead of pip's output.

    python deploy/install.py REQUIREMENTS [PROJECT ...]

Installs the hash-locked packages of a requirements file, then the projects of this repository as
editable installs. On an error it prints all that pip printed.
"""

import re
import subprocess
import sys
from pathlib import Path

_PIP = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
_STEP = re.compile(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)==")


def main(requirements: str, projects: list[str]) -> int:
    """Install; return the exit status of pip."""
    total = len(re.findall(r"^[\w.-]+==", Path(requirements).read_text(), re.MULTILINE))
    status = _install(["--require-hashes", "-r", requirements], total)
    if status == 0 and projects:
        editable = [argument for project in projects for argument in ("-e", project)]
        status = _install(["--no-deps", "--no-build-isolation", *editable], 0)
    return status


def _install(arguments: list[str], total: int) -> int:
    said: list[str] = []
    seen: set[str] = set()
    with subprocess.Popen(
        [*_PIP, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        for line in pip.stdout or ():
            said.append(line)
            if (step := _STEP.match(line)) and step[1] not in seen:
                seen.add(step[1])
                _show(f"downloading {len(seen)} of {total}: {step[1]}", len(seen) % 10 == 0)
            elif line.startswith("Installing collected packages"):
                _show(f"unpacking {f'{total} packages' if total else 'the projects'}", True)
    _show("", False)
    if pip.returncode != 0:
        sys.stderr.writelines(said)
    return pip.returncode


def _show(text: str, milestone: bool) -> None:  # noqa: FBT001
    """Rewrite the line of progress on a terminal; elsewhere print only milestones."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{text}", end="", flush=True)
    elif milestone:
        print(text, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], sys.argv[2:]))
    except KeyboardInterrupt:
        sys.exit(130)
