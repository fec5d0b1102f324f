"""A database that goes away while the service serves: what it can it answers, the rest it says; then it heals."""

from serving.access.keys import create_key
from serving.store.opening import open_store
from tests.conftest import Postgres
from tests.serving.conftest import NOW, Starter


def test_a_service_whose_database_goes_away_says_so_and_goes_on_when_it_is_back(
    start: Starter, own_postgres: Postgres
) -> None:
    address = own_postgres.address()
    service = start(("score", "read", "admin"), database=address, key_recheck="01:00:00")
    store = open_store(address)
    unseen = create_key(store, "not seen yet", ["score"], None, NOW)
    store.close()
    before = service.score({"deal_id": "D-1"})

    own_postgres.stop()
    asked = {"deals": [{"deal_id": "D-1"}]}
    away = service.client.post("/v1/scores/deals", json=asked, headers={"Authorization": f"Bearer {unseen}"})
    assert (away.status_code, away.json()["type"]) == (503, "urn:foresell:problem:store-away")
    assert away.headers["retry-after"]
    listed = service.client.get("/v1/keys", headers=service.headers)
    assert (listed.status_code, listed.json()["type"]) == (503, "urn:foresell:problem:store-away")
    assert service.score({"deal_id": "D-1"})["scores"][0]["probability"] == before["scores"][0]["probability"]  # type: ignore[index]

    own_postgres.start()
    back = service.client.post("/v1/scores/deals", json=asked, headers={"Authorization": f"Bearer {unseen}"})
    assert back.status_code == 200
    assert service.client.get("/v1/keys", headers=service.headers).status_code == 200
