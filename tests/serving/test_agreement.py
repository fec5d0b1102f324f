"""Do all ways to a number give the same one? Table, feature file, service and MLflow's function, to twelve digits."""

import shutil
from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pyarrow.parquet as pq
import pytest

from serving.access.keys import create_key
from serving.client import Foresell
from serving.store.opening import open_store
from tests.serving.agreement.ways import (
    DAYS,
    NEAR,
    Company,
    apart,
    by_function,
    by_predict,
    by_score,
    by_service,
    ways,
)
from training.bundle_file import live_bundle, load_any


@pytest.fixture(scope="module")
def company(prepared, serve, command, tmp_path_factory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("agreement")
    home = folder / "home"
    shutil.copytree(prepared[0], home)
    as_of = load_any(live_bundle(home, "win")).until  # type: ignore[arg-type]
    store = open_store(f"sqlite:///{home / 'foresell.db'}")
    key = create_key(store, "test", ["score", "read"], None, datetime(2024, 1, 1))
    store.close()
    process = serve("--as-of", f"{as_of.isoformat()}Z", home=str(home), jobs="false")
    with Foresell(process.wait_until_ready().address, key) as client:
        yield Company(home, as_of, client, command, folder, prepared[0])


@pytest.mark.parametrize("model", ["win", "churn"])
def test_every_way_gives_the_same_numbers(company, model):
    features = company.features(model)
    predicted = by_predict(company, model)

    assert len(predicted) > 20
    assert len({tuple(numbers) for numbers in predicted.values()}) > 1
    assert {len(numbers) for numbers in predicted.values()} == {3 + len(DAYS) * (3 if model == "win" else 1)}
    found = {name: apart(predicted, way()) for name, way in ways(company, model, features).items()}
    assert found == pytest.approx(dict.fromkeys(found, 0), abs=NEAR)
    assert len(found) == 7


def test_hundreds_of_rows_of_many_moments_are_the_same_everywhere(company):
    features = company.features("win", "--every", "week", "--since", "2000-01-01")
    table = pq.read_table(features)
    picked = np.sort(np.random.default_rng(0).choice(len(table), min(1200, len(table)), replace=False))
    pq.write_table(table.take(picked), features)
    scored = by_score(company, "win", features)

    assert len(scored) > 1000, "more than one call of the service"
    assert apart(scored, by_function(company, "win", features)) <= NEAR
    assert apart(scored, by_service(company, "win", features, "features", 0)) <= NEAR
    assert apart(scored, by_service(company, "win", features, "features", 5)) <= NEAR
