"""The SQL that several streams share: times, changes of a deal's field, its status, money in one currency."""

from features.contracts import TABLES, Kind, Known
from features.day_closings import with_its_closing
from features.history import History
from features.kernel import EVER, SCALE
from features.quoting import name
from features.version_sql import sql_told


def number(expression: str) -> str:
    """An expression as ten-thousandths in 64 bits, NULL where it is not a number."""
    return f"try_cast(round(try_cast({expression} AS DOUBLE) * {SCALE}) AS BIGINT)"


def local_midnight(history: History, column: str) -> str:
    """A day's first moment in the history's time zone, in microseconds UTC."""
    return f"epoch_us(timezone('{history.timezone}', {name(column)}::TIMESTAMP)::TIMESTAMP)"


def known_since(table: str) -> str:
    """When a version of a row was on record: never before it happened."""
    happened = TABLES[table].happened
    if happened is None:
        return f"coalesce(epoch_us(version_at), {EVER})"
    own = f"epoch_us({name(happened)}::TIMESTAMP)"
    if is_day(table, happened):
        return f"coalesce(epoch_us(version_at), {own}, {EVER})"
    return f"coalesce(greatest(epoch_us(version_at), {own}), {EVER})"


def times(table: str) -> tuple[str, str, str]:
    """The three times of a version: known, happened, retired."""
    happened = TABLES[table].happened
    own = "NULL" if happened is None else f"epoch_us({name(happened)}::TIMESTAMP)"
    if happened is not None and is_day(table, happened):
        own = known_since(table)
    return (
        f"{known_since(table)} AS known",
        f"coalesce({own}, {EVER}) AS happened",
        "epoch_us(retired_at) AS retired",
    )


def is_day(table: str, column: str) -> bool:
    """Whether a column of the contract holds days without a time."""
    found = TABLES[table].column(column)
    return found is not None and found.kind is Kind.DAY


def standing(history: History, table: str) -> str:
    """SELECT of the versions of a table's rows that ever stood: not those replaced before they were known."""
    return (
        f"SELECT * FROM ({history.sql_versions(table)}) "
        f"WHERE retired_at IS NULL OR epoch_us(retired_at) > {known_since(table)}"
    )


def change_events(history: History, field: str) -> str | None:
    """SELECT deal_id, known, happened, new_value, currency of one field's values over time.

    From `deal_changes`, and from the deal's own row where the mapping says that the field was known
    at creation. None where the history has neither. The old value of a change is not used: it was
    recorded with the change, which is later than the time it speaks of.
    """
    known = history.known("deals", field)
    parts = []
    if known is Known.AT_CREATION and field in history.columns("deals"):
        # A new version of the row in which this field is as it was is no change of the field.
        told = (field, "currency") if field == "amount" else (field,)
        news = " OR ".join(f"{name(column)} IS DISTINCT FROM lag({name(column)}) OVER v" for column in told)
        parts.append(
            f"SELECT deal_id, {known_since('deals')} AS known, {known_since('deals')} AS happened, "
            f"{name(field)}::VARCHAR AS new_value, currency FROM ({standing(history, 'deals')}) "
            f"WHERE {name(field)} IS NOT NULL WINDOW v AS (PARTITION BY deal_id ORDER BY version) QUALIFY {news}"
        )
    if known in (Known.AT_CREATION, Known.TRACKED) and "deal_changes" in history.tables():
        whose, since, currency = "", known_since("deal_changes"), "NULL::VARCHAR"
        if field == "amount":  # says nothing before its currency is on record
            whose = f"JOIN (SELECT deal_id, currency, since FROM ({first_told(history)})) d USING (deal_id)"
            since, currency = f"greatest({since}, d.since)", "d.currency"
        changes = (
            f"SELECT deal_id, {since} AS known, epoch_us(changed_at) AS happened, new_value, "
            f"{currency} AS currency FROM ({standing(history, 'deal_changes')}) c {whose} WHERE c.field = '{field}'"
        )
        parts.append(with_its_closing(history, changes))
    return " UNION ALL BY NAME ".join(parts) if parts else None


def first_told(history: History) -> str:
    """SELECT of the deals as they were first on record, with `since`: from when they were."""
    return f"SELECT *, {known_since('deals')} AS since FROM ({history.sql_versions('deals')}) WHERE version = 0"


def status_events(history: History) -> str:
    """SELECT deal_id, known, happened, status, amount, currency: each time a deal closed or reopened.

    A deal's row tells of its closing from `closed_at` on; but a deal that an earlier delivery still showed open
    was not known to be closed before that: a closing dated back beyond the last delivery counts from when it came.
    So does a later version of a closed deal's row that opens it again, or closes it otherwise (another status,
    day, amount at the close).
    `deal_changes` may say the same: an event that leaves the status as it was known is no event.
    """
    told = ("closed_at", "amount") if history.known("deals", "amount") is Known.AT_CLOSE else ("closed_at",)
    otherwise = " OR ".join(f"lag({column}) OVER v IS DISTINCT FROM {column}" for column in told)
    rows = f"""
        SELECT *, version > 0 AND lag(status) OVER v <> 'open'
                AND coalesce(lag(closed_at) OVER v <= version_at, true) AS was_closed,
            lag(status) OVER v = status AND ({otherwise}) AS otherwise,
            first_value(version_at) OVER v AS first_at
        FROM ({_told_deals(history)}) WINDOW v AS (PARTITION BY deal_id ORDER BY version)
    """
    closings = f"""
        SELECT deal_id, status, amount::VARCHAR AS amount, currency, was_closed AND otherwise AS corrected,
            coalesce(epoch_us(closed_at), epoch_us(version_at)) AS happened,
            CASE WHEN version = 0 OR was_closed THEN greatest(epoch_us(closed_at), epoch_us(version_at))
                 WHEN recorded_at IS NULL AND closed_at < told_before
                 THEN greatest(epoch_us(closed_at), epoch_us(version_at))
                 ELSE greatest(epoch_us(closed_at), epoch_us(recorded_at), epoch_us(first_at)) END AS known
        FROM ({rows}) WHERE status <> 'open' AND (closed_at IS NOT NULL OR was_closed)
            AND (retired_at IS NULL OR known < epoch_us(retired_at))
    """
    reopenings = f"""
        SELECT deal_id, 'open' AS status, NULL AS amount, NULL AS currency, false AS corrected,
            epoch_us(version_at) AS happened, epoch_us(version_at) AS known
        FROM ({rows}) WHERE was_closed AND (status = 'open' OR closed_at > version_at)
    """
    parts = [closings, reopenings]
    if "deal_changes" in history.tables():
        changes = (
            f"SELECT deal_id, lower(new_value) AS status, NULL AS amount, NULL AS currency, false AS corrected, "
            f"{known_since('deal_changes')} AS known, epoch_us(changed_at) AS happened "
            f"FROM ({standing(history, 'deal_changes')}) "
            "WHERE field = 'status' AND lower(new_value) IN ('open', 'won', 'lost')"
        )
        parts.append(with_its_closing(history, changes))
    both = " UNION ALL BY NAME ".join(f"({part})" for part in parts)
    return (
        f"SELECT * EXCLUDE (corrected) FROM ({both}) "
        "WINDOW w AS (PARTITION BY deal_id ORDER BY known, happened, status, amount) "
        "QUALIFY coalesce(lag(status) OVER w, 'open') <> status OR corrected"
    )


def _told_deals(history: History) -> str:
    """The versions of deals, each with `told_before`: when the latest was taken of the deliveries before its own
    that told of deals."""
    before: list[tuple[int, str]] = []
    last: str | None = None
    for number, entry in enumerate(history.entries, 1):
        if "deals" in (entry.tables or tuple(entry.parts)):
            if last is not None:
                before.append((number, last))
            last = max(last or entry.taken_at, entry.taken_at)
    if not before:
        return f"SELECT *, NULL::TIMESTAMP AS told_before FROM ({history.sql_versions('deals')})"
    told = ", ".join(f"({number}, TIMESTAMP '{taken_at}')" for number, taken_at in before)
    return (
        f"SELECT d.*, b.told_before FROM ({sql_told(history, 'deals')}) d "
        f"LEFT JOIN (VALUES {told}) b(number, told_before) ON b.number = d.delivery WHERE NOT d.gone"
    )


def by_customer(history: History, table: str) -> str:
    """SELECT of a table's versions with its times and the customer as key."""
    key = name(TABLES[table].key[0])
    return (
        f"SELECT *, customer_id AS key_customer, {', '.join(times(table))}, {key} AS tie "
        f"FROM ({history.sql_versions(table)})"
    )


def in_base_currency(history: History, events: str, value: str) -> str:
    """The events with a column `base`: the value in the base currency, NULL where no rate is known.

    Uses the rate of the latest day among those on record by the event's own `known`.
    """
    home = f"coalesce(currency, '{history.currency}') = '{history.currency}'"
    rates = rates_over_time(history)
    if rates is None:
        return f"SELECT *, CASE WHEN {home} THEN {value} END AS base FROM ({events})"
    return (
        f"SELECT e.* EXCLUDE (of_currency, rate, since), CASE WHEN {home} THEN {value} ELSE {value} * rate END AS base "
        f"FROM (SELECT * FROM ({events}) e ASOF LEFT JOIN ({rates}) r "
        "ON r.of_currency = e.currency AND r.since <= e.known) e"
    )


def rates_over_time(history: History) -> str | None:
    """SELECT of_currency, since, rate: the latest day's rate among those on record. None without fx_rates."""
    if "fx_rates" not in history.tables():
        return None
    return (
        "SELECT DISTINCT currency AS of_currency, since, "
        "arg_max(rate, valid_on) OVER (PARTITION BY currency ORDER BY since) AS rate FROM ("
        f"SELECT *, greatest({local_midnight(history, 'valid_on')}, epoch_us(version_at)) AS since "
        f"FROM ({history.sql_versions('fx_rates')}) WHERE version = 0)"
    )


def lives(history: History) -> str:
    """SELECT of the versions of deals in which one begins to be on record, with `ends`: when it was deleted, or NULL.

    A deal that was deleted and came again lives twice.
    """
    return (
        "SELECT * EXCLUDE (came_back), epoch_us(min(deleted_at) OVER (PARTITION BY deal_id ORDER BY version "
        "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)) AS ends FROM ("
        "SELECT *, version = 0 OR lag(deleted_at) OVER (PARTITION BY deal_id ORDER BY version) IS NOT NULL "
        "AS came_back "
        f"FROM ({history.sql_versions('deals')})) QUALIFY came_back"
    )


def merges(history: History) -> str:
    """SELECT gone, remains, at, until: whose events count for whom, from when that was known until it was so no more.

    Chains are followed: who was merged into a customer that was merged in turn counts for the last, for none
    between, and for the one between again once that merge was taken back. A circle of merges ends where it would close.
    """
    both = "greatest(c.at, b.at) AS at, least(c.until, b.until) AS until"
    ends = "b.whose IS NULL OR b.whose = c.remains OR list_contains(c.path, b.whose)"
    return (
        f"SELECT gone, remains, found.at, until FROM (WITH RECURSIVE belongs AS ({_belongs(history)}), chains AS ("
        "SELECT customer_id AS gone, whose AS remains, belongs.at, until, [customer_id, whose] AS path, "
        "false AS whole FROM belongs WHERE whose <> customer_id UNION ALL "
        f"SELECT gone, CASE WHEN {ends} THEN c.remains ELSE b.whose END, {both}, "
        f"CASE WHEN {ends} THEN c.path ELSE list_append(c.path, b.whose) END, {ends} "
        "FROM chains c LEFT JOIN belongs b ON b.customer_id = c.remains "
        "AND coalesce(b.until > c.at, true) AND coalesce(c.until > b.at, true) WHERE NOT c.whole) "
        "SELECT * FROM chains WHERE whole) found"
    )


def unmerged(history: History) -> str:
    """SELECT customer_id, since, until: when each customer who was ever merged counted for itself."""
    return (
        f"SELECT customer_id, belongs.at AS since, until FROM ({_belongs(history)}) belongs WHERE whose = customer_id"
    )


def _belongs(history: History) -> str:
    """SELECT customer_id, whose, at, until: into whom those who were ever merged were, at any time; else themselves.

    A deletion of the customer's row changes nothing: who was merged is often deleted afterwards.
    """
    told = (
        f"SELECT customer_id, coalesce(merged_into, customer_id) AS whose, {known_since('customers')} AS at, version "
        f"FROM ({standing(history, 'customers')}) UNION ALL SELECT DISTINCT customer_id, customer_id, {EVER}, -1 "
        f"FROM ({history.sql_versions('customers')})"
    )
    turns = (
        f"SELECT * FROM ({told}) told QUALIFY bool_or(whose <> customer_id) OVER (PARTITION BY customer_id) "
        "AND whose IS DISTINCT FROM lag(whose) OVER (PARTITION BY customer_id ORDER BY told.at, version)"
    )
    return (
        "SELECT customer_id, whose, t.at, lead(t.at) OVER (PARTITION BY customer_id ORDER BY t.at, version) AS until "
        f"FROM ({turns}) t QUALIFY until IS NULL OR until > t.at"
    )
