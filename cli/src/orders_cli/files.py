"""Read files that are named on the command line."""

from pathlib import Path

from orders_cli import csv_files
from orders_cli.csv_files import CsvFile
from orders_cli.errors import BadValueError


def read_csv(file: Path, encoding: str | None = None, delimiter: str | None = None) -> CsvFile:
    """Read a delimited text file.

    Raises:
        BadValueError: the file cannot be read, or is not delimited text.

    """
    try:
        return csv_files.parse(file.read_bytes(), encoding, delimiter)
    except OSError as exc:
        raise BadValueError(f"{file} cannot be read: {exc.strerror}") from exc
    except BadValueError as exc:
        raise BadValueError(f"{file}: {exc}") from exc


def one_character(option: str, text: str) -> str:
    """Return a delimiter; a tab may be written as a backslash and t.

    Raises:
        BadValueError: the text is not one character.

    """
    character = text.replace("\\t", "\t")
    if len(character) != 1:
        raise BadValueError(f"{option} {text!r} is not one character")
    return character
