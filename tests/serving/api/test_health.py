from time import sleep


def test_alive_and_ready_need_no_key(service):
    assert service.client.get("/healthz").json() == {"status": "alive"}
    answer = service.client.get("/readyz")
    assert answer.status_code == 200
    told = answer.json()
    parts = {one["part"]: one["state"] for one in told.pop("parts")}
    assert told == {"ready": True, "model_version": "7", "data_as_of": "2026-11-21T08:00:00Z", "troubles": []}
    assert parts == {
        "win": "ok",
        "churn": "absent",
        "history": "ok",
        "store": "ok",
        "events": "ok",
        "score_log": "ok",
    }


def test_a_service_with_nothing_to_serve_is_alive_and_says_what_is_missing(start, tmp_path):
    client = start(home=tmp_path / "new").client

    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert [one["type"].rsplit(":")[-1] for one in answer.json()["troubles"]] == ["no-champion", "no-history"]
    assert "foresell import" in answer.json()["troubles"][1]["fix"]


def test_a_broken_champion_is_said_while_the_old_one_serves(start, company):
    service = start(look_every="00:00:00.005")
    company.promote_broken("8")

    for _ in range(1000):
        answer = service.client.get("/readyz")
        if answer.json()["troubles"]:
            break
        sleep(0.01)
    assert answer.status_code == 200
    assert answer.json()["model_version"] == "7"
    assert answer.json()["troubles"][0]["type"] == "urn:foresell:problem:nothing-loaded"
    assert service.score({"deal_id": "D-1"})["model_version"] == "7"


def test_a_history_without_news_is_stale_and_still_answers(start):
    answer = start(stale_after="PT1H").client.get("/readyz")

    assert answer.status_code == 200
    assert "stale" in [one["state"] for one in answer.json()["parts"] if one["part"] == "history"]


def test_a_database_that_is_away_is_said_without_a_wait_and_scores_go_on(start, monkeypatch):
    import serving.health.readiness
    from serving.problems.errors import StoreAway

    service = start(key_recheck="01:00:00")
    service.score({"deal_id": "D-1"})

    def away(store):
        raise StoreAway("no route to host")

    monkeypatch.setattr(serving.health.readiness, "reach", away)
    answer = service.client.get("/readyz")

    assert answer.status_code == 200
    states = {one["part"]: one["state"] for one in answer.json()["parts"]}
    assert (states["store"], states["events"], states["win"]) == ("away", "behind", "ok")
    assert service.score({"deal_id": "D-1"})["model_version"] == "7"


def test_a_database_that_hangs_does_not_hang_the_probe(start, monkeypatch):
    from threading import Event
    from types import SimpleNamespace

    import serving.health.readiness

    asked, let_go = [], Event()

    def hangs(store):
        asked.append(1)
        let_go.wait(10)
        return SimpleNamespace(waiting=0, last=0)

    monkeypatch.setattr(serving.health.readiness, "reach", hangs)
    monkeypatch.setattr(serving.health.readiness, "MOST_WAIT", 0.05)
    client = start().client
    try:
        for _ in range(3):
            parts = client.get("/readyz").json()["parts"]
            assert {one["part"]: one["state"] for one in parts}["store"] == "away"
    finally:
        let_go.set()

    assert len(asked) == 1


def test_how_many_accepted_events_scores_do_not_know_is_said_and_since_when(start, settings, monkeypatch):
    from serving.events.feed import new_name
    from serving.events.follower import Follower
    from serving.store.event_tables import AcceptedEvent, EventFeed
    from serving.store.opening import open_store
    from tests.serving.small_company import NOW

    monkeypatch.setattr("serving.health.readiness.ASK_STORE_EVERY", 0.0)
    monkeypatch.setattr(Follower, "position", property(lambda self: 1))
    service = start()
    row = {"table_name": "teams", "row_key": "k", "content": "c", "row": "{}", "deleted": False}
    row |= {"recorded_at": NOW, "received_at": NOW, "actor": "a", "request_id": "r"}
    store = open_store(settings.store_address)
    with store.session() as session:
        feed = session.get(EventFeed, 1) or EventFeed(number=1, name=new_name(), folded=0, refused=0)
        feed.last = 3
        session.add(feed)
        session.add_all(AcceptedEvent(position=position, **row) for position in (1, 2, 3))

    store.close()
    looks = [service.client.get("/readyz").json() for _ in range(2)]
    first, second = (next(p for p in look["parts"] if p["part"] == "events") for look in looks)
    said = "2 accepted events are not known to scores yet, the oldest since 2026-11-21T09:30:00Z; "
    assert first["detail"].startswith(said)
    assert (first["state"], second["state"]) == ("ok", "behind")  # some moments are normal
    assert all(look["ready"] for look in looks)
