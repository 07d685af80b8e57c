"""How many changes the listener takes at once."""

from orders_listener.batch_size import BatchSize


def test_it_halves_down_to_one() -> None:
    """Even if all takes are too slow, single changes are still taken."""
    size = BatchSize(1000)
    size.halve()
    assert size.events == 500
    for _ in range(20):
        size.halve()
    assert size.events == 1


def test_it_recovers_in_steps() -> None:
    """After answered takes the size grows back to the configured one, and no further."""
    size = BatchSize(1000)
    size.halve()
    size.grow()
    assert 500 < size.events < 1000
    for _ in range(20):
        size.grow()
    assert size.events == 1000


def test_a_size_of_one_stays() -> None:
    """A listener configured to take single changes takes single changes."""
    size = BatchSize(1)
    size.halve()
    size.grow()
    assert size.events == 1
