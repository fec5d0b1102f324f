import pytest


def test_whoever_is_on_the_machine_reads_and_whoever_came_through_a_proxy_needs_a_key(service) -> None:
    client = service.client
    assert client.get("/metrics").headers["content-type"].startswith("text/plain; version=")
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 401
        assert client.get("/metrics", headers={header: "127.0.0.1", **service.headers}).status_code == 200


def test_a_key_that_may_not_read_does_not_read(start) -> None:
    service = start(scopes=("score",), metrics_open="key")

    assert service.client.get("/metrics").status_code == 401
    assert service.client.get("/metrics", headers=service.headers).status_code == 403


def test_everyone_may_be_let_in(start) -> None:
    service = start(metrics_open="everyone")

    assert service.client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 200


@pytest.mark.parametrize("form", [{"deal_id": "D-1"}, {"record": {"amount": 5}}, {"features": {"deal_amount": 5}}])
def test_scores_models_and_the_age_of_the_data_are_told(start, form) -> None:
    service = start()
    service.score(form)
    told = service.client.get("/metrics", headers={"Accept": "application/openmetrics-text"}).text

    assert 'foresell_scores_total{form="' in told
    assert 'foresell_model_info{model="win",role="champion",version="7"} 1.0' in told
    assert "foresell_staleness_seconds 5400.0" in told
    assert "foresell_ready 1.0" in told


def test_the_drift_found_last_night_is_told_as_a_share_of_what_may_be(start, company) -> None:
    from serving.upkeep.drift import keep_report

    service = start()
    assert "foresell_drift{" not in service.client.get("/metrics").text
    for value in (1.0, 3.0):
        keep_report(company.home, {"models": [{"model": "win", "findings": [{"value": value, "limit": 2.0}]}]})
        assert f'foresell_drift{{model="win"}} {value / 2}' in service.client.get("/metrics").text
