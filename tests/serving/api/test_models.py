def test_the_live_model_and_how_good_it_was(service):
    (one,) = service.get("/v1/models")["models"]

    assert (one["model"], one["version"], one["live"], one["rung"]) == ("win", "7", True, "model")
    assert one["until"] == "2026-11-01T00:00:00Z"
    assert one["scorecard"] == {"log_loss": 0.5}
    assert one["says"] == "The model beats the base rate."
