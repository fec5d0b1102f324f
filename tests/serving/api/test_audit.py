def test_the_trail_is_read_page_by_page_and_by_who_and_what(site):
    admin = site.key("admin")
    for number in range(4):
        site("POST", "/v1/keys", admin, json={"name": f"key {number}", "scopes": ["read"]})
    actor = "key:" + admin["Authorization"].split("_")[1]

    first = site("GET", "/v1/audit?limit=3", admin).json()
    assert [one["number"] for one in first["entries"]] == [1, 2, 3]
    rest = site("GET", f"/v1/audit?limit=3&after={first['next_after']}", admin).json()
    assert [one["number"] for one in rest["entries"]] == [4, 5]
    assert rest["next_after"] is None
    assert len(site("GET", f"/v1/audit?actor={actor}", admin).json()["entries"]) == 4
    assert site("GET", "/v1/audit?action=key.revoked", admin).json()["entries"] == []
    one = rest["entries"][-1]
    assert (one["actor"], one["action"], one["detail"]["name"]) == (actor, "key.created", "key 3")
    assert one["at"].endswith("Z")


def test_what_is_no_page_is_refused(site):
    admin = site.key("admin")

    for query in ("limit=0", "limit=1001", "after=-1", "actor=a%00b", "after=99999999999999999999"):
        assert site("GET", f"/v1/audit?{query}", admin).status_code == 422
