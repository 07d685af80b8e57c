"""Which server DATABASE_URL means when it lists several."""

import pytest

from orders_service.database import of_the_primary

_PRIMARY = "target_session_attrs=read-write"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@one/shop", "postgresql://u:p@one/shop"),
        ("postgresql://u:p@one,two:5433/shop", f"postgresql://u:p@one,two:5433/shop?{_PRIMARY}"),
        (
            "postgresql://one,two/shop?sslmode=require",
            f"postgresql://one,two/shop?sslmode=require&{_PRIMARY}",
        ),
        ("postgresql:///shop?host=one,two", f"postgresql:///shop?host=one,two&{_PRIMARY}"),
        (
            "postgresql://one,two/shop?target_session_attrs=any",
            "postgresql://one,two/shop?target_session_attrs=any",
        ),
        ("postgresql://one/shop?unknown=1", "postgresql://one/shop?unknown=1"),
    ],
)
def test_of_several_hosts_the_one_that_takes_writes(url: str, expected: str) -> None:
    """Several hosts mean the primary, unless the URL says otherwise."""
    assert of_the_primary(url) == expected
