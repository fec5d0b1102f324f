"""People: whom do we know at the customer, and who looks after them here?"""

from features.definition import Feature
from features.verbs import Count, Distinct, Latest, Ratio, Sum

REACHED = Distinct("activities", "contact_id", within_days=365, of="customer")
KNOWN = Count("contacts", of="customer")

FEATURES = (
    Feature("customer_contacts", "People we know at the customer.", "客户的已知联系人数。", KNOWN, "customer"),
    Feature(
        "customer_new_contacts_365d",
        "People at the customer that we came to know in the last 365 days.",
        "最近 365 天新增的客户联系人数。",
        Count("contacts", within_days=365, of="customer"),
        "customer",
    ),
    Feature(
        "customer_decision_makers",
        "Decision makers we know at the customer.",
        "客户的已知决策人数。",
        Sum("contacts", "is_decision_maker", of="customer"),
        "customer",
    ),
    Feature(
        "customer_contacts_reached_365d",
        "Different people at the customer met or written to in the last 365 days.",
        "最近 365 天接触过的客户联系人数。",
        REACHED,
        "customer",
    ),
    Feature(
        "customer_contacts_reached_share",
        "Those people over all that we know at the customer.",
        "接触过的联系人占已知联系人的比例。",
        Ratio(REACHED, KNOWN),
        "customer",
    ),
    Feature(
        "customer_decision_maker_met_180d",
        "Activities with a decision maker of the customer in the last 180 days.",
        "最近 180 天与客户决策人的活动次数。",
        Sum("activities", "with_decision_maker", within_days=180, of="customer"),
        "customer",
    ),
    Feature(
        "customer_colleagues_365d",
        "Different colleagues active with the customer in the last 365 days.",
        "最近 365 天服务该客户的不同同事数。",
        Distinct("activities", "rep_id", within_days=365, of="customer"),
        "customer",
    ),
    Feature(
        "customer_team",
        "The team of the colleague who was active last.",
        "最近服务该客户的同事所在团队。",
        Latest("reps", "team_id", of="rep"),
        "customer",
    ),
)
