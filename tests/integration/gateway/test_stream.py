"""From a committed change to a WebSocket client."""

from follower import Follower
from pipeline import Pipeline


def test_a_change_reaches_every_gateways_clients(pipeline: Pipeline) -> None:
    """I1: a committed change becomes one event at every client of every gateway."""
    gateways = [pipeline.gateway(), pipeline.gateway()]
    pipeline.listener().ready()
    with pipeline.database.connect() as sql:
        followers = [Follower(gateway.ready().ws_url) for gateway in gateways]
        assert [follower.hello["position"] for follower in followers] == [0, 0]
        sql.execute(
            "INSERT INTO orders (customer_name, product_name) VALUES ('Zoë', '5\" \\ pipe')"
        )
        sql.execute("UPDATE orders SET status = 'shipped'")
        for follower in followers:
            inserted, updated = follower.until(2)
            assert inserted["operation"] == "INSERT"
            assert inserted["order"]["customer_name"] == "Zoë"
            assert updated["changed"] == {"status": "pending"}
            assert updated["order"]["version"] == 2
            follower.close()
