from time import sleep


def test_alive_and_ready_need_no_key(service):
    assert service.client.get("/healthz").json() == {"status": "alive"}
    answer = service.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "model_version": "7",
        "data_as_of": "2026-11-21T08:00:00Z",
        "troubles": [],
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
