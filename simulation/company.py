"""Which company is invented: its size, its days, its luck."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulation.errors import BadCompany

AS_EVER, DIFFERS, NOTHING, LEAST_MOVABLE_ON_TOP = "as ever", "differs", "nothing", "least-movable-on-top"
CONTACT_LAWS = (AS_EVER, DIFFERS, NOTHING, LEAST_MOVABLE_ON_TOP)
LONGEST_LIFE = 720
"""Days after which a deal that nobody closed is struck off as lost."""


@dataclass(frozen=True)
class CompanySettings:
    """What to invent. The same settings always give the same company, to the byte.

    Raises BadCompany when a setting cannot be met.
    """

    deals: int = 4000
    """Deals created in the whole history."""

    seed: int = 7
    """Another seed is another company of the same kind."""

    start: date = date(2024, 11, 1)
    """The first day on record, in the company's time zone."""

    days: int = 730
    """Length of the history in days; nothing on record is later than its last day."""

    sellers: int | None = None
    """Sellers' desks; a leaver's desk is filled again. Default: one for every 110 deals, at least 4."""

    customers: int | None = None
    """Customers and prospects on record at the end. Default: 3 for every 10 deals, at least 20."""

    dirt: float = 0.01
    """Share of rows with each kind of blemish, 0 to 0.2. Rows that break the contract are a tenth of
    that and at most 0.2 % of the deals."""

    currency: str = "CNY"
    """The base currency. A few deals are in a foreign one."""

    timezone: str = "Asia/Shanghai"
    """IANA name of the zone in which the company works."""

    country: str = "CN"
    """ISO 3166 code of the country whose public holidays are kept."""

    contact: str = AS_EVER
    """What a contact does (`response`): `as ever` to deals alone, much alike; in a trial company to deals and
    customers: `differs` by deal and customer, does `nothing`, or moves the likely winners least
    (`least-movable-on-top`)."""

    waves: bool = False
    """Whether customers leave in waves and buy by season."""

    def __post_init__(self) -> None:
        bounds = {"deals": (1, 50_000_000), "days": (30, 7300), "dirt": (0, 0.2), "seed": (0, 2**63)}
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise BadCompany(name, getattr(self, name), f"a number from {low} to {high}")
        for name, low in (("sellers", 4), ("customers", 20)):
            if (value := getattr(self, name)) is not None and value < low:
                raise BadCompany(name, value, f"{low} or more, or left out")
        if self.contact not in CONTACT_LAWS:
            raise BadCompany("contact", self.contact, "one of " + ", ".join(CONTACT_LAWS))
        if not (len(self.currency) == 3 and self.currency.isalpha() and self.currency.isupper()):
            raise BadCompany("currency", self.currency, "an ISO 4217 code of three capital letters")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as unknown:
            raise BadCompany("timezone", self.timezone, "an IANA name such as Asia/Shanghai") from unknown

    @property
    def end(self) -> date:
        """The first day that is no longer on record."""
        return self.start + timedelta(days=self.days)

    @property
    def desks(self) -> int:
        """Sellers' desks."""
        return max(4, round(self.deals / 110)) if self.sellers is None else self.sellers

    @property
    def accounts(self) -> int:
        """Customers and prospects on record at the end."""
        return max(20, round(self.deals * 0.3)) if self.customers is None else self.customers

    @property
    def foreign(self) -> str:
        """The foreign currency of a few deals."""
        return "EUR" if self.currency == "USD" else "USD"
