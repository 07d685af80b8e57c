import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders_cli.csv_files import BadRecord, CsvFile, Record, parse
from orders_cli.errors import BadValueError
from orders_contract.csv_cells import neutralised, restored

TEXT = "Größe;Preis\r\nÉlan;12,50\r\n"


def fields(file: CsvFile) -> list[tuple[str, ...]]:
    return [each.fields for each in file.records if isinstance(each, Record)]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("cp1252"), "cp1252"),
        ("Größe;Preis\nÉlan;12 €\n".encode("cp1252"), "cp1252"),
        (TEXT.encode("latin-1") + b"\x81;x\n", "latin-1"),
    ],
)
def test_encodings_are_detected(content: bytes, encoding: str) -> None:
    """UTF-8, UTF-16 with and without a byte order mark, Windows-1252 and Latin-1 are told apart."""
    file = parse(content)
    assert file.encoding == encoding
    assert file.header == ("Größe", "Preis")
    assert fields(file)[0][0] == "Élan"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_detected(delimiter: str) -> None:
    """The delimiter splits all records evenly, even where texts contain the others."""
    rows = [("name", "note"), ("Ada", "a,b;c|d\te"), ("Bob", "1,5"), ("Eve", "two\nlines")]
    text = StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    file = parse(text.getvalue().encode())
    assert file.delimiter == delimiter
    assert fields(file) == rows[1:]


def test_a_single_column_needs_no_delimiter() -> None:
    """A file with one header has one field a record."""
    assert fields(parse(b"name\nAda\nBob\n")) == [("Ada",), ("Bob",)]


def test_excel_names_its_delimiter() -> None:
    """A first line sep=; is followed, and lines are still counted from it."""
    file = parse(b"sep=|\r\na|b,c\r\n1|2,3\r\n")
    assert file.header == ("a", "b,c")
    assert [each.line for each in file.records] == [3]


def test_bad_records_have_their_line() -> None:
    """A malformed record is reported with the number of its first line; the rest is read."""
    content = b'a,b\n"two\nlines",1\n1,2,3\n"x"y,1\n\n4,5\n'
    assert parse(content).records == (
        Record(2, ("two\nlines", "1")),
        BadRecord(4, "3 fields instead of 2"),
        BadRecord(5, "',' expected after '\"'"),
        Record(7, ("4", "5")),
    )


@pytest.mark.parametrize("content", [b"", b"\n", b",,\n1,2,3\n"])
def test_a_file_without_a_header_is_refused(content: bytes) -> None:
    """Without headers nothing says what the fields are."""
    with pytest.raises(BadValueError, match="no header"):
        parse(content)


def test_a_wrong_encoding_is_refused() -> None:
    """An encoding that is given is not replaced by another."""
    with pytest.raises(BadValueError, match="not text in utf-8"):
        parse(b"a,b\n\xff,1\n", encoding="utf-8")


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "'=", "＝"])  # noqa: RUF001
def test_formulas_are_neutralised(first: str) -> None:
    """A text that a spreadsheet would execute does not begin with what makes it a formula."""
    assert neutralised(f"{first}1+1") == f"'{first}1+1"


@given(st.text())
def test_neutralised_texts_are_restored(text: str) -> None:
    """An import reads the values that an export wrote."""
    assert restored(neutralised(text)) == text


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2, max_size=2
        ),
        max_size=5,
    ),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_csv_writes_is_read(rows: list[list[str]], encoding: str) -> None:
    """Any text survives, quotes and line breaks included."""
    text = StringIO(newline="")
    csv.writer(text).writerows([["a", "b"], *[map(neutralised, row) for row in rows]])
    file = parse(text.getvalue().encode(encoding), delimiter=",")
    assert fields(file) == [tuple(row) for row in rows if any(row)]
