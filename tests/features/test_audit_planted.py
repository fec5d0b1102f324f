"""Eight leaks planted in copies of an invented company, and a leaky feature: each must be found, and nothing else."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from features import audit as auditing
from features.audit import Finding, audit, suspects
from features.catalog import Offering, offered
from features.definition import Entity, Feature
from features.history import History
from features.importing import import_folder
from features.verbs import Mean
from simulation.company import CompanySettings
from simulation.writing import write_company

TAKEN, UNTIL = datetime(2026, 11, 1), datetime(2026, 11, 2)
HALF = datetime(2025, 11, 1)
DAY = 86_400_000_000
Tables = dict[str, pa.Table]


class Copy:
    """The company's tables, to be spoilt, and what is drawn for it."""

    def __init__(self, company: Path, folder: Path) -> None:
        self.company, self.folder = company, folder
        self.tables = {path.stem: pq.read_table(path) for path in sorted(company.glob("*.parquet"))}
        self.chance = np.random.default_rng(5)
        self.own: list[str] = []

    @property
    def deals(self) -> pa.Table:
        return self.tables["deals"]

    @property
    def won(self) -> NDArray[np.bool_]:
        return np.asarray(pc.equal(self.deals["status"], "won"))

    @property
    def lost(self) -> NDArray[np.bool_]:
        return np.asarray(pc.equal(self.deals["status"], "lost"))

    def at(self, column: str, table: str = "deals") -> NDArray[np.int64]:
        """A column of times in microseconds, 0 where there is none."""
        times = pc.fill_null(self.tables[table][column].cast(pa.int64()), 0)
        return np.asarray(times.to_numpy(), np.int64)

    def attribute(self, name: str, values: object) -> None:
        """A column of one's own, declared to be known at creation."""
        self.tables["deals"] = self.deals.append_column(name, pa.array(list(values), pa.string()))  # type: ignore[call-overload]
        self.own.append(name)

    def add(self, table: str, **columns: object) -> None:
        """Rows more; what is not said stays empty."""
        schema = self.tables[table].schema
        rows = len(columns[schema.names[0]])  # type: ignore[arg-type]
        full = [pa.array(columns.get(f.name, [None] * rows)).cast(f.type) for f in schema]
        self.tables[table] = pa.concat_tables([self.tables[table], pa.table(full, schema=schema)])

    def replace(self, table: str, column: str, values: pa.Array) -> None:
        place = self.tables[table].column_names.index(column)
        kind = self.tables[table].schema.field(column).type
        self.tables[table] = self.tables[table].set_column(place, column, pa.array(values).cast(kind))

    def imports(self, taken_at: datetime = TAKEN, only: tuple[str, ...] = ()) -> History:
        """Import the tables as they are now."""
        export = self.folder / f"export-{taken_at:%Y%m%d}"
        export.mkdir(parents=True)
        for name, table in self.tables.items():
            if not only or name in only:
                pq.write_table(table, export / f"{name}.parquet")
        mapping = export / "mapping.yaml"
        lines = "".join(f"      {name}: at_creation\n" for name in self.own)
        mapping.write_text((self.company / "mapping.yaml").read_text("utf-8") + lines, "utf-8")
        import_folder(export, self.folder / "home", mapping, taken_at)
        return History.existing(self.folder / "home")

    def imports_half(self) -> None:
        """An export taken a year before the last: deals created by then, closed only if they were by then."""
        whole = dict(self.tables)
        half = int(HALF.timestamp()) * 1_000_000
        deals = self.deals.filter(pa.array(self.at("created_at") < half))
        still = pa.array(pc.fill_null(deals["closed_at"].cast(pa.int64()), half).to_numpy() >= half)
        for column, value in (("status", "open"), ("closed_at", None), ("lost_reason", None)):
            kept = pc.if_else(still, pa.scalar(value, deals.schema.field(column).type), deals[column].combine_chunks())
            deals = deals.set_column(deals.column_names.index(column), column, kept)
        self.tables["deals"] = deals
        for table, column in (("activities", "happened_at"), ("deal_changes", "changed_at")):
            self.tables[table] = self.tables[table].filter(pa.array(self.at(column, table) < half))
        self.imports(HALF, ("deals", "activities", "deal_changes"))
        self.tables = whole


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An invented company without blemishes."""
    folder = tmp_path_factory.mktemp("company")
    write_company(CompanySettings(deals=1500, seed=4, dirt=0), folder)
    return folder


@pytest.fixture
def copy(company: Path, tmp_path: Path) -> Copy:
    return Copy(company, tmp_path)


def known_after_the_outcome(copy: Copy) -> None:
    """A team that takes over what is won, and one that files what is lost."""
    after = np.where(copy.won, copy.chance.choice(["north", "south"], len(copy.won)), "archive")
    before = copy.chance.choice(["north", "south", "archive"], len(copy.won))
    copy.attribute("desk", np.where(copy.won | copy.lost, after, before))


def given_to_the_won_only(copy: Copy) -> None:
    """A number that every won deal has, and only some of the lost."""
    given = copy.won | (copy.chance.random(len(copy.won)) < 0.4)
    copy.attribute("cost_centre", [f"k{i % 9}" if g else None for i, g in enumerate(given)])


def guess_replaced_by_the_fact(copy: Copy) -> None:
    """A round estimate that a signed contract replaces by its exact figure."""
    size = np.exp(copy.chance.normal(9, 1, len(copy.won)))
    guess = np.array([float(f"{value:.0e}") for value in size])
    exact = np.round(guess * copy.chance.uniform(0.9, 1.1, len(size)), 2)
    fact = np.where(copy.chance.random(len(size)) < np.where(copy.won, 0.8, 0.15), exact, guess)
    copy.attribute("estimate", [str(value) for value in fact])


def as_long_as_the_deal(copy: Copy) -> None:
    """Hours booked on a deal: the longer it lived, the more."""
    ends = np.where(copy.won | copy.lost, copy.at("closed_at"), int(UNTIL.timestamp()) * 1_000_000)
    hours = (ends - copy.at("created_at")) / DAY * copy.chance.lognormal(0.7, 0.2, len(copy.won))
    copy.attribute("hours", [f"{value:.1f}" for value in hours])


def activities_dated_back(copy: Copy) -> None:
    """A note of the handover, written once the deal is won and dated into its life."""
    rows = np.flatnonzero(copy.won)
    created, closed = copy.at("created_at")[rows], copy.at("closed_at")[rows]
    at = created + ((closed - created) * copy.chance.random(len(rows))).astype(np.int64)
    ids = copy.deals["deal_id"].take(pa.array(rows)).to_pylist()
    copy.add(
        "activities",
        activity_id=[f"H{i}" for i in ids],
        deal_id=ids,
        type=["note"] * len(ids),
        outcome=["handed over"] * len(ids),
        happened_at=at,
    )


def orders_before_the_close(copy: Copy) -> None:
    """The orders of won deals carry the day on which they were agreed, five days before the deal was closed."""
    closed = dict(zip(copy.deals["deal_id"].to_pylist(), copy.at("closed_at").tolist(), strict=True))
    orders = copy.tables["orders"]["deal_id"].to_pylist()
    own = copy.at("ordered_at", "orders").tolist()
    moved = [closed[deal] - 5 * DAY if closed.get(deal) else at for deal, at in zip(orders, own, strict=True)]
    copy.replace("orders", "ordered_at", pa.array(moved))


def tier_of_buyers_only(copy: Copy) -> None:
    """A customer's tier, set with the first deal that is won."""
    buyers = set(copy.deals["customer_id"].filter(pa.array(copy.won)).to_pylist())
    customers = copy.tables["customers"]["customer_id"].to_pylist()
    copy.replace("customers", "tier", pa.array(["AB"[i % 2] if c in buyers else None for i, c in enumerate(customers)]))


def rewritten_at_the_close(copy: Copy) -> None:
    """A rating that reads done once a deal has closed; an earlier export has what it was before."""
    rating = copy.chance.choice(["low", "high"], len(copy.won))
    early = (copy.won | copy.lost) & (copy.at("closed_at") < int(HALF.timestamp()) * 1_000_000)
    copy.attribute("rating", np.where(early, "done", rating))
    copy.imports_half()
    last = pa.array(np.where(copy.won | copy.lost, "done", rating))
    copy.replace("deals", "rating", last)


PLANTS: dict[Callable[[Copy], None], tuple[tuple[str, str], str]] = {
    known_after_the_outcome: (("deals.desk", "value-tells-outcome"), "attr_desk"),
    rewritten_at_the_close: (("deals.rating", "rewritten-at-close"), "attr_rating"),
    given_to_the_won_only: (("deals.cost_centre", "blank-tells-outcome"), "attr_cost_centre"),
    guess_replaced_by_the_fact: (("deals.estimate", "exact-value-tells"), "attr_estimate"),
    activities_dated_back: (("activities.outcome", "presence-tells-outcome"), "deal_last_outcome"),
    as_long_as_the_deal: (("deals.hours", "tells-own-length"), "attr_hours"),
    orders_before_the_close: (("orders.ordered_at", "order-before-close"), "customer_orders_365d"),
    tier_of_buyers_only: (("customers.tier", "blank-tells-outcome"), "customer_tier"),
}


def places(found: Sequence[Finding]) -> set[tuple[str, str]]:
    return {(finding.place, finding.finding) for finding in found}


def test_the_company_itself_is_honest(copy: Copy) -> None:
    report = audit(copy.imports(), UNTIL)

    assert not [finding for finding in report.findings if finding.severity != "info"]
    assert not [features.suspected for features in report.features if features.suspected]


def test_an_earlier_export_of_the_company_changes_nothing(copy: Copy) -> None:
    copy.imports_half()

    assert {finding.severity for finding in audit(copy.imports(), UNTIL).findings} <= {"info"}


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_each_planted_leak_is_found_and_left_out(copy: Copy, plant: Callable[[Copy], None]) -> None:
    plant(copy)
    place, feature = PLANTS[plant]

    report = audit(copy.imports(), UNTIL)
    found = [finding for finding in report.findings if finding.severity == "error"]

    assert {finding.place for finding in found} == {place[0]}
    assert place in places(found)
    assert any(feature in report.left_out_by(finding) for finding in found)


def test_all_leaks_together_are_found(copy: Copy) -> None:
    for plant in sorted(PLANTS, key=lambda plant: plant is rewritten_at_the_close):
        plant(copy)
    history = copy.imports()
    report, left_out = audit(history, UNTIL), suspects(history, UNTIL)

    assert {place for place, _ in PLANTS.values()} <= places(report.findings)
    assert {features.entity: features.suspected for features in report.features}["deal"] == left_out
    assert {feature for _, feature in PLANTS.values()} <= left_out.keys()
    assert {"attr_competitor", "deal_stage", "rep_win_rate"}.isdisjoint(left_out)


MINUTES = Feature(
    "note_minutes",
    "How long the deal's notes took on average.",
    "该商机备注的平均时长。",
    Mean("activities", "duration_minutes", where=(("type", "note"),)),
)


def test_a_leaky_feature_of_ones_own_is_found_by_what_it_says(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every closed deal has notes; only how long they took, filled in at the end, tells who won."""
    rows = np.flatnonzero(copy.won | copy.lost)
    ids = copy.deals["deal_id"].take(pa.array(rows)).to_pylist()
    copy.add(
        "activities",
        activity_id=[f"H{i}" for i in ids],
        deal_id=ids,
        type=["note"] * len(ids),
        happened_at=copy.at("created_at")[rows] + 60_000_000,
        duration_minutes=np.where(copy.won[rows], 90.0, 10.0) + copy.chance.normal(0, 5, len(rows)),
    )
    activities = copy.tables["activities"]
    other, mine = pc.not_equal(activities["type"], "note"), pc.starts_with(activities["activity_id"], "H")
    copy.tables["activities"] = activities.filter(pc.or_(other, mine))
    history = copy.imports()

    def with_own(history: History, until: datetime | None = None, entity: Entity = "deal") -> Offering:
        offering = offered(history, until, entity)
        own = (MINUTES,) if entity == "deal" else ()
        return Offering((*offering.features, *own), offering.left_out)

    monkeypatch.setattr(auditing, "offered", with_own)

    assert "features.note_minutes feature-tells-outcome: " in suspects(history, UNTIL)["note_minutes"]


def test_rows_that_came_with_the_close_and_are_dated_before_it_are_found_by_the_deliveries(copy: Copy) -> None:
    """Calls of won deals, dated before an export in which they were lacking. Nothing else tells them from others."""
    half = int(HALF.timestamp()) * 1_000_000
    copy.imports_half()
    rows = np.flatnonzero(copy.won & (copy.at("created_at") < half - 9 * DAY) & (copy.at("closed_at") > half))
    ids = copy.deals["deal_id"].take(pa.array(rows)).to_pylist()
    copy.add(
        "activities",
        activity_id=[f"B{i}" for i in ids],
        deal_id=ids,
        type=["call"] * len(ids),
        happened_at=copy.at("created_at")[rows] + 4 * DAY,
    )
    report = audit(copy.imports(), UNTIL)
    (found,) = [finding for finding in report.findings if finding.severity == "error"]

    assert (found.place, found.finding) == ("activities.happened_at", "dated-back")
    assert "deal_calls" in report.left_out_by(found)
