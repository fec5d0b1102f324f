"""How does a deal or a customer find the others whose events it may look at, as known at the moment?"""

from features.contracts import ATTRIBUTE_PREFIX
from features.verbs import Latest, Of, Verb

OF_CUSTOMER = ("segment", "industry", "region", "country", "size", "tier")
"""Keys that are columns of the customer."""
OF_DEAL = ("source", "type", "pipeline", "currency")
"""Keys that are columns of the deal, beside its attributes."""
EVERYONE = "everyone"
CROSS = "&"


def parts_of(of: Of) -> tuple[str, ...]:
    """The single keys of a key.

    >>> parts_of("rep&segment")
    ('rep', 'segment')
    """
    return tuple(of.split(CROSS))


def owner_of(key: str, entity: str) -> Verb | None:
    """The verb that names the owner of a kind; None for the entity itself, and for everyone.

    Raises KeyError for a key that this entity does not have.

    >>> owner_of("segment", "deal")
    Latest(stream='customers', column='segment', where=(), of='customer')
    """
    if key in (entity, EVERYONE):
        return None
    if key in OF_CUSTOMER:
        return Latest("customers", key, of="customer")
    if key == "team":
        return Latest("reps", "team_id", of="rep")
    if entity == "deal" and (key in OF_DEAL or key.startswith(ATTRIBUTE_PREFIX)):
        return Latest("deals", key)
    return _OWNERS[entity][key]


_OWNERS: dict[str, dict[str, Verb]] = {
    "deal": {
        "customer": Latest("deals", "customer_id"),
        "product": Latest("deals", "product_id"),
        "rep": Latest("owner_changes", "rep_id"),
        "stage": Latest("stage_changes", "stage"),
        "contact": Latest("activities", "contact_id"),
    },
    "customer": {
        "product": Latest("orders", "product_id", of="customer"),
        "rep": Latest("activities", "rep_id", of="customer"),
        "contact": Latest("activities", "contact_id", of="customer"),
    },
}


def owners_needed(of: Of, entity: str) -> tuple[Verb, ...]:
    """The verbs that name the owners of a key, or of both parts of one."""
    return tuple(verb for key in parts_of(of) if (verb := owner_of(key, entity)) is not None)
