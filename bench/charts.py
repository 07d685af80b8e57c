"""Line charts as SVG: two axes, one line for each series. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 20, 44, 96
_INK, _FAINT, _PAPER = "#24292f", "#d8dee4", "#ffffff"
_STYLE = f'font-family="system-ui, sans-serif" font-size="12" fill="{_INK}" role="img"'
_LINES = (
    ("#0969da", ""),
    ("#cf222e", "7 4"),
    ("#1a7f37", "2 4"),
    ("#8250df", "9 3 2 3"),
    ("#9a6700", "4 2"),
)


@dataclass(frozen=True)
class Axis:
    """The title and scale of an axis; it shows ``low`` to ``high``."""

    label: str
    low: float
    high: float
    log: bool = False

    @classmethod
    def around(cls, label: str, values: Sequence[float], *, log: bool) -> "Axis":
        """Return an axis for these values; a linear one begins at 0."""
        if not log:
            return cls(label, 0.0, max(values) * 1.08)
        low, high = math.log10(min(values)), math.log10(max(values))
        return cls(label, 10 ** math.floor(low), 10 ** math.ceil(max(high, low + 0.1)), log=True)

    def share(self, value: float) -> float:
        """Return the place of a value on the axis, from 0 to 1."""
        if self.log:
            return math.log10(value / self.low) / math.log10(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Return round values for the ticks."""
        if self.log:
            decades = range(round(math.log10(self.low)), round(math.log10(self.high)) + 1)
            return [10.0**decade for decade in decades]
        step = 10 ** math.floor(math.log10(self.high / 4))
        step *= next(factor for factor in (1, 2, 5, 10) if self.high / (step * factor) <= 6)
        return [step * number for number in range(int(self.high / step) + 1)]


def chart(title: str, x: Axis, y: Axis, lines: Sequence[tuple[str, Points]]) -> str:
    """Return the chart as an SVG document."""
    body = [*_grid(x, y), *_drawn(x, y, lines), *_legend([label for label, _ in lines])]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_STYLE}>',
            f"<title>{escape(title)}</title>",
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="{_PAPER}"/>',
            _text(_LEFT, 24, title, "start", 'font-size="15" font-weight="600"'),
            *body,
            "</svg>\n",
        ]
    )


def _grid(x: Axis, y: Axis) -> Iterator[str]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    for value in y.ticks():
        at = _down(y, value)
        yield f'<path d="M{_LEFT} {at:.1f}H{right}" stroke="{_FAINT}"/>'
        yield _text(_LEFT - 8, at + 4, _short(value), "end")
    for value in x.ticks():
        at = _across(x, value)
        yield f'<path d="M{at:.1f} {_TOP}V{bottom}" stroke="{_FAINT}"/>'
        yield _text(at, bottom + 18, _short(value))
    yield _text((_LEFT + right) / 2, bottom + 38, x.label)
    middle = (_TOP + bottom) / 2
    turned = f'transform="rotate(-90 18 {middle:.0f})"'
    yield _text(18, middle, y.label, "middle", turned)


def _drawn(x: Axis, y: Axis, lines: Sequence[tuple[str, Points]]) -> Iterator[str]:
    for number, (_, points) in enumerate(lines):
        colour, dashes = _LINES[number % len(_LINES)]
        places = [(_across(x, across), _down(y, down)) for across, down in points]
        path = "L".join(f"{across:.1f} {down:.1f}" for across, down in places)
        yield f'<path d="M{path}" fill="none" {_stroke(colour, dashes)}/>'
        if len(places) < 20:
            for across, down in places:
                yield f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3.5" fill="{colour}"/>'


def _legend(labels: Sequence[str]) -> Iterator[str]:
    across, down = float(_LEFT), _HEIGHT - 34
    for number, label in enumerate(labels):
        if across + 32 + 6.6 * len(label) > _WIDTH:
            across, down = float(_LEFT), down + 20
        colour, dashes = _LINES[number % len(_LINES)]
        place = f"M{across:.0f} {down - 4}h26"
        yield f'<path d="{place}" {_stroke(colour, dashes)}/>'
        yield _text(across + 32, down, label, "start")
        across += 50 + 6.6 * len(label)


def _stroke(colour: str, dashes: str) -> str:
    return f'stroke="{colour}" stroke-width="2.2" stroke-dasharray="{dashes or "none"}"'


def _text(x: float, y: float, text: str, anchor: str = "middle", more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(text)}</text>'


def _across(axis: Axis, value: float) -> float:
    return _LEFT + axis.share(value) * (_WIDTH - _LEFT - _RIGHT)


def _down(axis: Axis, value: float) -> float:
    return _HEIGHT - _BOTTOM - axis.share(value) * (_HEIGHT - _TOP - _BOTTOM)


def _short(value: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
