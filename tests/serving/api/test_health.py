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

    monkeypatch.setattr(serving.health.readiness, "reach_of", away)
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
        return SimpleNamespace(waiting=0)

    monkeypatch.setattr(serving.health.readiness, "reach_of", hangs)
    monkeypatch.setattr(serving.health.readiness, "MOST_WAIT", 0.05)
    client = start().client
    try:
        for _ in range(3):
            parts = client.get("/readyz").json()["parts"]
            assert {one["part"]: one["state"] for one in parts}["store"] == "away"
    finally:
        let_go.set()

    assert len(asked) == 1
