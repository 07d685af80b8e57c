"""Parse delimited text files: encoding, delimiter, header and records. Pure.

``csv.Sniffer`` is not used, because it guesses the delimiter from the frequency of characters. This
module chooses the delimiter that splits the records evenly.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orders_cli.errors import BadValueError
from orders_contract.csv_cells import restored

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_DELIMITERS = ",;\t|"
_SAMPLE_RECORDS = 50
_MAX_FIELD_BYTES = 2**30
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(frozen=True)
class Record:
    """A record: the number of its first line, and its fields in the order of the header."""

    line: int
    fields: tuple[str, ...]


@dataclass(frozen=True)
class BadRecord:
    """A record that cannot be used, with the reason."""

    line: int
    problem: str


@dataclass(frozen=True)
class CsvFile:
    """A parsed file."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    records: tuple[Record | BadRecord, ...]


def parse(content: bytes, encoding: str | None = None, delimiter: str | None = None) -> CsvFile:
    """Parse a file. A malformed record becomes a BadRecord; the others are still read.

    Raises:
        BadValueError: the file has no header, or is not text in the given encoding.

    """
    csv.field_size_limit(_MAX_FIELD_BYTES)
    encoding = encoding or detect_encoding(content)
    try:
        text = content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as exc:
        raise BadValueError(f"the file is not text in {encoding}: {exc}") from exc
    skipped = 0
    if declared := re.match(r"sep=(.)\r?\n", text):  # written by Excel, as the first line
        text, skipped = text[declared.end() :], 1
        delimiter = delimiter or declared[1]
    delimiter = delimiter or detect_delimiter(text)
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)
    header = _header(reader)
    return CsvFile(encoding, delimiter, header, tuple(_records(reader, len(header), skipped)))


def detect_encoding(content: bytes) -> str:
    """Return the encoding, found by a byte order mark, by NUL bytes (UTF-16), or by trying.

    The encodings that are tried are UTF-8, then Windows-1252, which contains the letters of
    Latin-1. If neither can decode the content, Latin-1 is returned.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return encoding
    sample = content[:4096]
    if sample[1::2].count(0) > len(sample) // 5:
        return "utf-16-le"
    if sample[::2].count(0) > len(sample) // 5:
        return "utf-16-be"
    for encoding in ("utf-8", "cp1252"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def detect_delimiter(text: str) -> str:
    """Return the delimiter that splits most records into as many fields as the header has."""

    def score(delimiter: str) -> tuple[float, int]:
        widths = []
        reader = csv.reader(_lines(text), delimiter=delimiter)
        for _, fields in zip(range(_SAMPLE_RECORDS), reader, strict=False):
            if fields:
                widths.append(len(fields))
        if not widths or widths[0] == 1:
            return (0.0, 0)
        return (widths.count(widths[0]) / len(widths), widths[0])

    return max(_DELIMITERS, key=score)


def _lines(text: str) -> Iterator[str]:
    """Yield lines with their ends: CR, LF or both. ``str.splitlines`` splits at others as well."""
    return (found[0] for found in _LINE.finditer(text))


def _header(reader: "Iterator[list[str]]") -> tuple[str, ...]:
    try:
        header = tuple(name.strip() for name in next(reader, []))
    except csv.Error as exc:
        raise BadValueError(f"the first line is not CSV: {exc}") from exc
    if not any(header):
        raise BadValueError("the file has no header line")
    return header


def _records(reader: Any, width: int, skipped: int) -> Iterator[Record | BadRecord]:
    while True:
        line = reader.line_num + 1 + skipped
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            yield BadRecord(line, str(exc))
            continue
        if not any(fields):
            continue
        if len(fields) != width:
            yield BadRecord(line, f"{len(fields)} fields instead of {width}")
        else:
            yield Record(line, tuple(restored(each) for each in fields))
