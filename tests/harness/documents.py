"""Run the commands of the documents as they are written: each code block marked ``sh``."""

import os
import pty
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def blocks(document: str) -> dict[str, list[str]]:
    """Return the blocks of a document marked ``sh``, by the heading above them."""
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    found: dict[str, list[str]] = {}
    for block in _BLOCK.finditer(text):
        *_, heading = _HEADING.findall(text, 0, block.start())
        found.setdefault(heading, []).append(block[1])
    return found


def run(commands: str, folder: Path, env: Mapping[str, str], timeout_s: float) -> str:
    """Run commands in a shell on a terminal, as a person would; each must succeed.

    Return what they printed.
    """
    terminal, theirs = pty.openpty()
    try:
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", commands],
            cwd=folder,
            env=dict(env),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    finally:
        os.close(theirs)
        os.close(terminal)
    assert done.returncode == 0, f"{commands}\n{done.stdout}"
    return done.stdout


def clone(folder: Path) -> Path:
    """Return a clone of the repository as it is now, uncommitted changes included."""
    source, made = folder / "source", folder / "clone"
    source.mkdir()
    files = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard", at=REPOSITORY)
    for name in filter(None, files.split("\0")):
        if (REPOSITORY / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((REPOSITORY / name).read_bytes())
            (source / name).chmod((REPOSITORY / name).stat().st_mode)
    _git("init", "--quiet", "--initial-branch=main", at=source)
    _git("add", "--all", "--force", at=source)
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    _git(*identity, "commit", "--quiet", "--message=now", at=source)
    _git("clone", "--quiet", str(source), str(made), at=folder)
    return made


def _git(*arguments: str, at: Path) -> str:
    done = subprocess.run(["git", *arguments], cwd=at, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
