"""The forecast of a moment: coherent over levels and time, blind to the future, honest about what is missing."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.as_of import parse_moment
from features.bookings.calendar import UnknownFrequency
from features.history import History
from training.bookings.fitting import fit_chances, fit_parts, of_deals, profile_of, read_deals
from training.bookings.levels import LevelNotOnRecord, UnknownLevel
from training.bookings.measure import Blend, read_sales
from training.bookings.rest import QUANTILES
from training.bookings.shocks import Shocks
from training.forecast.bundle import ForecastBundle
from training.forecast.predict import BadHorizon, Forecast, HorizonTooLong, UnknownMeasure, predict_forecast
from training.predict import ModelKnowsTheFuture

SAID = ["level", "key", "period_start", "period_end", "measure", "booked_so_far", "mean"]
QS = [f"q{round(100 * q):02d}" for q in QUANTILES]
COLUMNS = [*SAID, *QS, "as_of", "model_version"]


def bundle_of(history: History, until: datetime, **parts: object) -> ForecastBundle:
    """A forecast of bookings from stage and age alone: nothing that takes long to fit."""
    sold = read_sales(history, "bookings", until)
    deals = read_deals(history, until)
    assert deals is not None
    chances = fit_chances(deals, until, "stage and age")
    assert chances is not None
    profile = profile_of(history, sold, until)
    taught = fit_parts(deals, sold, until, chances, Shocks(), profile)
    model = of_deals(profile, (), deals, taught, Blend((0.0,), (1.2,)), 0)
    return ForecastBundle("7", "model", until, {"bookings": model.to_json()}, {})


@pytest.fixture(scope="module", autouse=True)
def few_draws() -> Iterator[None]:
    """Enough to add up by, and quick."""
    from training.bookings import measure

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "DEAL_DRAWS", 200)
        yield


@pytest.fixture(scope="module")
def at(company) -> datetime:
    return company.end - timedelta(days=140)


@pytest.fixture(scope="module")
def bundle(company, at: datetime) -> ForecastBundle:
    return bundle_of(company.history, at)


@pytest.fixture(scope="module")
def ask(company, bundle: ForecastBundle, at: datetime) -> Callable[..., pd.DataFrame]:
    known: dict[tuple[object, ...], pd.DataFrame] = {}

    def asked(freq: str = "month", by: str = "company", horizon: int = 3) -> pd.DataFrame:
        key = (freq, by, horizon)
        if key not in known:
            known[key] = predict_forecast(company.history, bundle, at, freq, horizon, by).table.to_pandas()
        return known[key]

    return asked


def test_it_has_the_columns_of_the_contract_in_their_order(ask) -> None:
    table = ask()

    assert list(table.columns) == COLUMNS
    assert set(table["key"]) == {"company"}
    assert len(table) == 3
    assert (np.diff(table[QS].to_numpy(), axis=1) >= 0).all()


@pytest.mark.parametrize("by", ["team", "rep", "customer", "region,product"])
def test_children_add_up_to_their_parents_in_separate_calls(ask, by: str) -> None:
    company, children = ask(), ask(by=by)

    for column in ("mean", "booked_so_far"):
        found = children.groupby("period_start")[column].sum()
        assert np.allclose(found, company.set_index("period_start")[column], rtol=1e-6)


def test_a_crossing_adds_up_to_both_its_sides(ask) -> None:
    crossed = ask(by="region,product")
    crossed[["region", "product"]] = crossed["key"].str.split(",", expand=True)

    for side in ("region", "product"):
        found = crossed.groupby([side, "period_start"])["mean"].sum()
        wanted = ask(by=side).set_index(["key", "period_start"])["mean"]
        assert np.allclose(found.reindex(wanted.index).fillna(0), wanted, rtol=1e-5, atol=1e-3)


def test_weeks_months_and_quarters_agree_where_they_cover_the_same_days(ask) -> None:
    months, quarters = ask("month", horizon=9), ask("quarter", horizon=3)
    weeks = ask("week", horizon=20)
    starts, ends = set(months["period_start"]), set(months["period_end"])
    both = quarters[
        [a in starts and b in ends for a, b in zip(quarters["period_start"], quarters["period_end"], strict=True)]
    ]

    assert len(both) >= 2
    for row in both.itertuples():
        inside = months[(months["period_start"] >= row.period_start) & (months["period_end"] <= row.period_end)]
        assert np.isclose(inside["mean"].sum(), row.mean, rtol=1e-6)
        # Months are not sure to be good together: quantiles of the sum lie within the sums of quantiles.
        assert inside["q05"].sum() <= row.q05 + 1e-6
        assert inside["q95"].sum() >= row.q95 - 1e-6
    first = weeks.iloc[0]["period_start"]
    assert first.weekday() == 0
    assert (pd.to_datetime(weeks["period_end"]) - pd.to_datetime(weeks["period_start"])).dt.days.eq(6).all()


def test_a_longer_horizon_leaves_the_nearer_periods_as_they_were(ask) -> None:
    assert ask(horizon=9).head(3)[["mean", *QS]].equals(ask()[["mean", *QS]])


def test_the_running_period_holds_what_is_booked_so_far(company, bundle, at: datetime, ask) -> None:
    first = ask().iloc[0]
    sold = read_sales(company.history, "bookings", at)
    start = (first["period_start"] - date(1970, 1, 1)).days

    assert first["booked_so_far"] == pytest.approx(sold.amount[sold.day >= start].sum())
    assert first["q05"] >= first["booked_so_far"]
    assert (ask()["booked_so_far"].iloc[1:] == 0).all()


def test_a_rewritten_future_leaves_the_bytes_as_they_were(company, bundle, at, rewritten, tmp_path: Path) -> None:
    before = predict_forecast(company.history, bundle, at, "month", 3, "rep")
    after = predict_forecast(rewritten(at, tmp_path), bundle, at, "month", 3, "rep")

    assert before.table.equals(after.table)


def test_a_bundle_says_the_same_after_it_was_written_and_read(company, bundle, at, ask, tmp_path: Path) -> None:
    bundle.save(tmp_path)
    again = predict_forecast(company.history, ForecastBundle.load(tmp_path), at, "month", 3)

    assert again.table.to_pandas()[["mean", *QS]].equals(ask()[["mean", *QS]])


def test_a_moment_before_the_models_own_is_refused(company, bundle, at: datetime) -> None:
    with pytest.raises(ModelKnowsTheFuture):
        predict_forecast(company.history, bundle, at - timedelta(days=1))


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"freq": "day"}, UnknownFrequency),
        ({"by": "colour"}, UnknownLevel),
        ({"by": "region,region"}, UnknownLevel),
        ({"by": "company,region"}, UnknownLevel),
        ({"measure": "orders"}, UnknownMeasure),
        ({"horizon": 0}, BadHorizon),
        ({"horizon": 99}, HorizonTooLong),
    ],
)
def test_bad_words_are_named_errors(company, bundle, at, asked: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        predict_forecast(company.history, bundle, at, **asked)  # type: ignore[arg-type]


def told(story, deals: int, **columns: object) -> Forecast:  # type: ignore[no-untyped-def]
    for number in range(deals):
        day = date(2024, 1, 2) + timedelta(days=number * 3)
        deal = story.deal(f"d{number}", created=day.isoformat(), amount=100 + number, **columns)
        if number % 3 != 2:
            deal.closes("won" if number % 3 else "lost", on=(day + timedelta(days=9)).isoformat())
    as_of = parse_moment("2024-10-05", "Asia/Shanghai")
    return predict_forecast(story.history, bundle_of(story.history, as_of), as_of, "month", 2, "company")


def test_deals_without_reps_customers_and_products_have_a_company(story) -> None:
    found = told(story, 60)

    assert found.table["mean"].to_pylist()[1] > 0
    as_of = parse_moment("2024-10-05", "Asia/Shanghai")
    bundle = bundle_of(story.history, as_of)
    with pytest.raises(LevelNotOnRecord):
        predict_forecast(story.history, bundle, as_of, by="rep")


def test_three_deals_have_a_wide_answer_and_no_crash(story) -> None:
    row = told(story, 5).table.to_pylist()[0]

    assert np.isfinite([row[name] for name in ("mean", *QS)]).all()


def test_what_has_no_exchange_rate_is_left_out_and_said(story) -> None:
    story.deal("foreign", created="2024-01-02", amount=9, currency="USD").closes("won", on="2024-03-01")

    assert any("exchange rate" in note for note in told(story, 30).notes)


def test_a_bundle_that_weighs_other_series_models_is_refused(bundle, tmp_path: Path, monkeypatch) -> None:
    from training.bundle_file import BundleDamaged
    from training.series import base_forecasts

    bundle.save(tmp_path)
    monkeypatch.setattr(base_forecasts, "MODELS", (*base_forecasts.MODELS, "one more"))

    with pytest.raises(BundleDamaged, match="series models"):
        ForecastBundle.load(tmp_path)
