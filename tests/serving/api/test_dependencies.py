from datetime import datetime, timedelta

import pytest

from serving.access.keys import revoke_key
from serving.store.opening import open_store

WAYS = [("POST", "/v1/scores/deals", "score"), ("GET", "/v1/deals/D-1", "read"), ("GET", "/v1/models", "read")]
BODY = {"deals": [{"deal_id": "D-1"}]}


def call(service, method, path, key):
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return service.client.request(method, path, headers=headers, json=BODY if method == "POST" else None)


@pytest.mark.parametrize(("method", "path", "scope"), WAYS)
def test_a_key_with_the_scope_is_needed(start, company, settings, method, path, scope):
    service = start()
    others = [one for one in ("score", "ingest", "read", "plan") if one != scope]

    assert call(service, method, path, None).status_code == 401
    assert call(service, method, path, "fsl_abcdefgh_" + "x" * 43).status_code == 401
    refused = call(service, method, path, company.make_key(settings, *others))
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:foresell:problem:scope-missing"
    assert f"'{scope}'" in refused.json()["detail"]
    assert call(service, method, path, company.make_key(settings, scope)).status_code == 200
    assert call(service, method, path, company.make_key(settings, "admin")).status_code == 200


def test_a_refusal_says_how_to_authenticate(service):
    answer = service.client.get("/v1/models")

    assert answer.headers["www-authenticate"] == 'Bearer realm="foresell"'
    assert answer.json()["type"] == "urn:foresell:problem:key-missing"


def test_a_key_is_checked_before_the_body_is_judged(service):
    assert service.client.post("/v1/scores/deals", json={"deals": "nonsense"}).status_code == 401


def test_a_revoked_key_opens_nothing(start, settings):
    service = start()
    assert service.client.get("/v1/models", headers=service.headers).status_code == 200
    store = open_store(settings.store_address)
    revoke_key(store, service.key.split("_")[1], datetime(2026, 11, 21))
    store.close()

    refused = service.client.get("/v1/models", headers=service.headers)
    assert refused.status_code == 401
    assert refused.json()["type"] == "urn:foresell:problem:key-not-accepted"


def test_keys_expire_by_the_wall_clock_also_where_the_services_clock_stands_still(start, company, settings):
    key = company.make_key(settings, "read", expires_at=company.now + timedelta(hours=1))

    assert call(start(now=datetime(2026, 11, 20)), "GET", "/v1/models", key).status_code == 200
    late = start(now=datetime(2026, 11, 20), wall=company.now + timedelta(hours=2))
    assert call(late, "GET", "/v1/models", key).status_code == 401
