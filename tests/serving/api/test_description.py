from serving.problems.documents import MEDIA_TYPE


def test_every_call_is_described_with_its_problems(service):
    api = service.client.get("/openapi.json").json()

    assert api["openapi"].startswith("3.1")
    scores = api["paths"]["/v1/scores/deals"]["post"]
    assert {"200", "401", "403", "409", "413", "415", "422", "503"} <= set(scores["responses"])
    for path, methods in api["paths"].items():
        for operation in methods.values():
            assert operation["description"], path
            for status, response in operation["responses"].items():
                if status >= "400" and path != "/readyz":
                    assert list(response["content"]) == [MEDIA_TYPE], (path, status)
    assert "HTTPValidationError" not in api["components"]["schemas"]


def test_every_field_of_every_shape_is_explained(service):
    schemas = service.client.get("/openapi.json").json()["components"]["schemas"]
    bare = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, described in schema.get("properties", {}).items()
        if "description" not in described
    ]

    assert bare == []


def test_a_record_is_described_by_the_contract(service):
    asked = service.client.get("/openapi.json").json()["components"]["schemas"]["DealAsked"]["properties"]
    record = next(one for one in asked["record"]["anyOf"] if one.get("type") == "object")
    changes = next(one for one in asked["changes"]["anyOf"] if one.get("type") == "object")

    assert record["properties"]["status"]["enum"] == ["open", "won", "lost"]
    assert set(record["properties"]) - set(changes["properties"]) == {
        "deal_id",
        "created_at",
        "status",
        "closed_at",
        "lost_reason",
    }


def test_the_page_reads_without_a_network(service):
    answer = service.client.get("/docs")

    assert answer.status_code == 200
    assert "POST /v1/scores/deals" in answer.text
    assert "http://127.0.0.1:8000" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_other_paths_and_methods_are_problems(service):
    missing = service.client.get("/v2/everything")
    wrong = service.client.get("/v1/scores/deals")

    assert (missing.status_code, missing.json()["type"]) == (404, "urn:foresell:problem:no-such-path")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "urn:foresell:problem:wrong-method")
    assert wrong.headers["allow"] == "POST"
    assert "use POST" in wrong.json()["fix"]
