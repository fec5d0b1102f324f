"""Stakeholders: whom have we met, do they decide, and who of ours takes part?"""

from features.definition import Feature
from features.verbs import Count, Distinct, Latest, Ratio, Sum

FEATURES = (
    Feature(
        "deal_contacts_met",
        "Different people met or written to on the deal.",
        "接触过的不同联系人数。",
        Distinct("activities", "contact_id"),
    ),
    Feature(
        "deal_contacts_met_30d",
        "Different people met or written to on the deal in the last 30 days.",
        "最近 30 天接触过的不同联系人数。",
        Distinct("activities", "contact_id", within_days=30),
    ),
    Feature(
        "deal_contacts_share",
        "People met on the deal over the people we know at the customer: how broad the talks are.",
        "接触过的联系人数与客户已知联系人数之比：接触的广度。",
        Ratio(Distinct("activities", "contact_id"), Count("contacts", of="customer")),
    ),
    Feature(
        "deal_decision_maker_activities",
        "Activities on the deal with somebody who decides.",
        "与决策人的活动次数。",
        Sum("activities", "with_decision_maker"),
    ),
    Feature(
        "deal_decision_maker_30d",
        "Activities on the deal with somebody who decides, in the last 30 days.",
        "最近 30 天与决策人的活动次数。",
        Sum("activities", "with_decision_maker", within_days=30),
    ),
    Feature(
        "deal_contact_role",
        "The role of the person in the last activity on the deal.",
        "最近一次活动中联系人的职务。",
        Latest("contacts", "role", of="contact"),
    ),
    Feature(
        "deal_contact_activities_180d",
        "Activities in the last 180 days, on any deal, with the person in the last activity on this one.",
        "最近 180 天与最近一次活动的联系人之间的活动次数（含其他商机）。",
        Count("activities", within_days=180, of="contact"),
    ),
    Feature(
        "customer_contacts",
        "People we know at the customer.",
        "客户的已知联系人数。",
        Count("contacts", of="customer"),
    ),
    Feature(
        "customer_decision_makers",
        "Decision makers we know at the customer.",
        "客户的已知决策人数。",
        Sum("contacts", "is_decision_maker", of="customer"),
    ),
    Feature(
        "deal_colleagues",
        "Different colleagues active on the deal.",
        "参与该商机的不同同事数。",
        Distinct("activities", "rep_id"),
    ),
)
