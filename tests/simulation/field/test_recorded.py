import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.contracts import TABLES
from simulation.company import AS_EVER, DIFFERS, CompanySettings
from simulation.errors import BadCompany
from simulation.field.contacts import contacts_of
from simulation.field.field import Field
from simulation.field.recorded import numbers_of, recorded
from simulation.writing import write_company

FIRST, LAST = 300, 345


def company(law, dirt=0.02):
    return CompanySettings(deals=300, days=360, dirt=dirt, contact=law, waves=law != AS_EVER)


def keys(name, table):
    if name == "deals":  # a deal's versions and its broken copies come again together
        return [name.rstrip("X") for name in table["deal_id"].to_pylist()]
    return list(zip(*(table[column].to_pylist() for column in TABLES[name].key), strict=True))


def added(name, before, news):
    again = set(keys(name, news))
    kept = before.filter(pa.array([key not in again for key in keys(name, before)], pa.bool_()))
    return pa.concat_tables([kept, news])


def in_order(table):
    return table.sort_by([(column, "ascending") for column in table.column_names])


@pytest.mark.parametrize("law", [AS_EVER, DIFFERS])
def test_history_and_recorded_days_make_the_history_of_later(law, tmp_path):
    settings = company(law)
    then = write_company(settings, tmp_path / "then", until=FIRST)
    later = write_company(settings, tmp_path / "later", until=LAST)
    tables = {name: pq.read_table(then.folder / f"{name}.parquet") for name in then.rows}
    field = Field(settings, FIRST)
    since = FIRST
    for day in range(FIRST, LAST):
        field.step()
        if day % 20 == 0 or day == LAST - 1 or day == FIRST:
            for name, news in recorded(field, since).items():
                tables[name] = added(name, tables[name], news)
            since = field.day

    for name in later.rows:
        assert in_order(tables[name]).equals(in_order(pq.read_table(later.folder / f"{name}.parquet"))), name


def test_until_shows_nothing_of_later(tmp_path):
    settings = company(AS_EVER)
    facts = write_company(settings, tmp_path, until=FIRST)
    midnight = Field(settings, FIRST).calendar.midnight[FIRST]

    for name in facts.rows:
        table = pq.read_table(tmp_path / f"{name}.parquet")
        for field in table.schema:
            if pa.types.is_timestamp(field.type) and table[field.name].null_count < len(table):
                assert pc.max(table[field.name].cast(pa.int64())).as_py() < midnight, (name, field.name)
    assert (facts.end - settings.start).days == FIRST
    assert pc.max(pq.read_table(tmp_path / "reps.parquet")["left_on"]).as_py() < facts.end


def test_chosen_contacts_are_on_record_with_their_kind(tmp_path):
    field = Field(company(DIFFERS, dirt=0.0), 301)
    deal = field.open_deals[field.minutes()[field.seller_of_deal(field.open_deals)] >= 20][0]
    customer = next(int(c) for c in field.known_customers if field.minutes()[field.seller_of_customer([c])[0]] >= 40)
    names = [f"D{deal + 1:07}"], ["email"], [f"C{customer + 1:07}"], ["call"]
    field.step(contacts_of(301, *names))
    for _ in range(9):  # some calls are written down days later
        field.step(contacts_of(field.day))
    made = recorded(field, 301)["activities"]
    today = pc.greater_equal(made["happened_at"].cast(pa.int64()), int(field.calendar.midnight[301]))
    made = made.filter(pc.and_(pc.equal(made["direction"], "outbound"), today))

    assert {(row["deal_id"], row["type"]) for row in made.to_pylist()} == {(names[0][0], "email"), (None, "call")}
    assert numbers_of(made["customer_id"]).size == 2


def test_a_day_that_has_not_come_is_refused():
    with pytest.raises(BadCompany, match="since"):
        recorded(Field(company(AS_EVER), FIRST), FIRST + 1)


@pytest.mark.parametrize("until", [0, 361])
def test_a_history_until_no_day_of_it_is_refused(tmp_path, until):
    with pytest.raises(BadCompany, match="until"):
        write_company(company(AS_EVER), tmp_path, until=until)
