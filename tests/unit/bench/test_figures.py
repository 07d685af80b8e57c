"""How figures are reported."""

from bench.bench import Bench
from bench.charts import Axis, chart
from bench.figures import Figure, quantile


def test_the_value_is_the_median() -> None:
    """The median of the samples is shown and compared with the target."""
    figure = Figure("x", "ms", (3.0, 1.0, 2.0), at_most=2.0)
    assert (figure.value, figure.met) == (2.0, True)


def test_a_refused_figure_has_no_value() -> None:
    """A sample of a saturated generator is discarded and meets no target."""
    bench = Bench(quick=True, step=print)
    bench.figure("x", "us", 1.0, at_most=2.0, refused="the generator was saturated")
    [figure] = bench.findings.figures
    assert (figure.value, figure.met, figure.samples) == (None, None, ())


def test_quantile() -> None:
    """The share of 1 is the largest value."""
    assert [quantile([3.0, 1.0, 2.0], share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 2, 3, 3]


def test_a_chart_escapes_its_words() -> None:
    """Titles and labels may hold anything."""
    x, y = Axis.around("a & b", [1, 100], log=True), Axis.around("<c>", [5, 7], log=False)
    drawn = chart("1 < 2", x, y, [("one & two", [(1.0, 5.0), (100.0, 7.0)])])
    assert "1 &lt; 2" in drawn
    assert "one &amp; two" in drawn
    assert drawn.count("<circle") == 2
