"""How is a reason about a customer put, in English and in Chinese? As in `training.wording.deals`."""

from training.wording.phrases import Phrase

WORDS: dict[str, Phrase] = {
    "customer_days_since_first_purchase": Phrase("A customer for {v}", "成为客户已 {v}"),
    "customer_days_since_first_contract": Phrase("Under contract since {v} ago", "首份合同始于 {v}前"),
    "customer_days_since_first_deal": Phrase("The first deal was opened {v} ago", "首个商机创建于 {v}前"),
    "customer_days_since_first_activity": Phrase("First contact {v} ago", "首次接触在 {v}前"),
    "customer_days_courted": Phrase(
        "{v} from the first contact to the first purchase", "从首次接触到首次购买用了 {v}",
        "Bought {v} before the first contact", "首次接触前 {v}已购买",
    ),
    "customer_days_since_purchase": Phrase("{v} since the last purchase", "距最近一次购买已 {v}"),
    "customer_days_since_order": Phrase("{v} since the last order", "距最近一次下单已 {v}"),
    "customer_purchase_gap_days": Phrase("Buys every {v} on average", "平均每 {v}购买一次"),
    "customer_lateness": Phrase(
        "The time since the last purchase is {v} the usual gap", "距上次购买的时间是平常间隔的 {v}"
    ),
    "customer_purchase_gap_deviation": Phrase("The days between purchases vary by {v}", "购买间隔的波动为 {v}"),
    "customer_purchase_unevenness": Phrase(
        "The days between purchases vary by {v} their mean", "购买间隔的波动是平均间隔的 {v}"
    ),
    "customer_purchase_gap_trend": Phrase(
        "The days between purchases grow", "购买间隔在变长", "The days between purchases shrink", "购买间隔在变短"
    ),
    "customer_latest_gap_to_usual": Phrase(
        "The latest gap between purchases was {v} the usual one", "最近一次购买间隔是平常的 {v}"
    ),
    "customer_purchases": Phrase("{v:purchase|purchases} so far", "至今购买 {v} 次"),
    "customer_purchases_30d": Phrase("{v:purchase|purchases} in the last 30 days", "最近 30 天购买 {v} 次"),
    "customer_purchases_90d": Phrase("{v:purchase|purchases} in the last 90 days", "最近 90 天购买 {v} 次"),
    "customer_purchases_180d": Phrase("{v:purchase|purchases} in the last 180 days", "最近 180 天购买 {v} 次"),
    "customer_purchases_365d": Phrase("{v:purchase|purchases} in a year", "一年内购买 {v} 次"),
    "customer_orders_365d": Phrase("{v:order line|order lines} in a year", "一年内订单 {v} 行"),
    "customer_orders_of_product": Phrase(
        "Bought this product {v:time|times} before", "以往购买该产品 {v} 次"
    ),
    "customer_purchase_pace": Phrase(
        "{v} of the year's purchases fell in the last 90 days", "一年内的购买有 {v} 发生在最近 90 天"
    ),
    "customer_purchases_to_year_before": Phrase(
        "Bought {v} as often as the year before", "购买次数是上一年的 {v}"
    ),
    "customer_revenue": Phrase(
        "Bought {v} so far", "至今购买 {v}", "Gave back {v} more than bought", "退货超过购买 {v}"
    ),
    "customer_revenue_30d": Phrase(
        "Bought {v} in the last 30 days", "最近 30 天购买 {v}",
        "Gave back {v} net in the last 30 days", "最近 30 天净退货 {v}",
    ),
    "customer_revenue_90d": Phrase(
        "Bought {v} in the last 90 days", "最近 90 天购买 {v}",
        "Gave back {v} net in the last 90 days", "最近 90 天净退货 {v}",
    ),
    "customer_revenue_365d": Phrase(
        "Bought {v} in a year", "一年内购买 {v}", "Gave back {v} net in a year", "一年内净退货 {v}"
    ),
    "customer_revenue_pace": Phrase(
        "{v} of the year's revenue came in the last 90 days", "一年内金额的 {v} 来自最近 90 天"
    ),
    "customer_revenue_growth": Phrase(
        "{v} of the year's sales fell in the later half", "一年内金额的 {v} 来自后半年"
    ),
    "customer_revenue_to_year_before": Phrase("Bought {v} as much as the year before", "购买金额是上一年的 {v}"),
    "customer_purchase_value": Phrase("A purchase is worth {v} on average", "平均每次购买 {v}"),
    "customer_order_value": Phrase("A purchase is worth {v} on average", "平均每次购买 {v}"),
    "customer_order_value_to_usual": Phrase(
        "Purchases of late are worth {v} the usual", "近期单次购买金额是平常的 {v}"
    ),
    "customer_line_trend": Phrase("An order line changes by {v}", "订单行金额{v}"),
    "customer_latest_line_to_usual": Phrase("The latest order line was {v} the usual", "最近一行订单是平常的 {v}"),
    "customer_lines_per_purchase": Phrase("{v} order lines a purchase", "平均每次购买 {v} 行"),
    "customer_return_share": Phrase("{v} of the year's order lines were returns", "一年内订单行有 {v} 为退货"),
    "customer_days_since_return": Phrase("{v} since the last return", "距最近一次退货已 {v}"),
    "customer_products": Phrase("Bought {v:product|products} so far", "至今购买 {v} 种产品"),
    "customer_products_dropped": Phrase(
        "{v:product|products} not bought for a year", "有 {v} 种产品一年未再购买"
    ),
    "customer_latest_product": Phrase("Last bought product {v}", "最近购买的产品：{v}"),
    "customer_latest_family": Phrase("Last bought from product family {v}", "最近购买的产品系列：{v}"),
    "customer_contracts": Phrase("{v:contract|contracts} so far", "至今合同 {v} 份"),
    "customer_contracts_running": Phrase("{v:contract|contracts} running", "履行中的合同 {v} 份"),
    "customer_recurring_amount": Phrase("Contracts bring {v} each time", "合同每期金额 {v}"),
    "customer_recurring_gained_365d": Phrase("Contracts begun in a year bring {v}", "一年内新增合同每期 {v}"),
    "customer_recurring_lost_365d": Phrase("Contracts cancelled in a year brought {v}", "一年内取消合同每期 {v}"),
    "customer_recurring_to_first": Phrase("The latest contract brings {v} the first", "最近合同每期金额是首份的 {v}"),
    "customer_days_to_agreed_end": Phrase(
        "The contract ends in {v}", "合同还有 {v}到期", "The contract's end passed {v} ago", "合同到期已过 {v}"
    ),
    "customer_days_since_contract": Phrase("The latest contract began {v} ago", "最近一份合同始于 {v}前"),
    "customer_cancellations_365d": Phrase("{v:contract|contracts} cancelled in a year", "一年内取消合同 {v} 份"),
    "customer_cancelled_share": Phrase("{v} of the contracts were cancelled", "合同的 {v} 已取消"),
    "customer_days_since_cancellation": Phrase("{v} since a contract was cancelled", "距最近一次取消合同已 {v}"),
    "customer_contract_months": Phrase("Pays every {v}", "每 {v}付款一次"),
    "customer_contract_product": Phrase("Contract for product {v}", "合同产品：{v}"),
    "customer_tickets_365d": Phrase("{v:ticket|tickets} in a year", "一年内工单 {v} 张"),
    "customer_complaints_30d": Phrase("{v:complaint|complaints} in the last 30 days", "最近 30 天投诉 {v} 次"),
    "customer_complaints_180d": Phrase("{v:complaint|complaints} in the last 180 days", "最近 180 天投诉 {v} 次"),
    "customer_complaint_share": Phrase("{v} of the year's tickets were complaints", "一年内工单有 {v} 为投诉"),
    "customer_days_since_complaint": Phrase("{v} since the last complaint", "距最近一次投诉已 {v}"),
    "customer_tickets_open": Phrase("{v:ticket|tickets} not closed yet", "未关闭工单 {v} 张"),
    "customer_satisfaction": Phrase("Satisfaction of {v} on average in a year", "一年内平均满意度 {v}"),
    "customer_satisfaction_latest": Phrase("Satisfaction of {v} on the latest ticket", "最近工单满意度 {v}"),
    "customer_satisfaction_trend": Phrase("Satisfaction rises", "满意度在上升", "Satisfaction falls", "满意度在下降"),
    "customer_resolution_days": Phrase("Tickets take {v} to close on average", "工单平均处理 {v}"),
    "customer_latest_ticket": Phrase("The latest ticket was: {v}", "最近工单类型：{v}"),
    "customer_activities_30d": Phrase(
        "{v:activity|activities} with the customer in the last 30 days", "最近 30 天与该客户的活动 {v} 次"
    ),
    "customer_activities_90d": Phrase(
        "{v:activity|activities} with the customer in the last 90 days", "最近 90 天与该客户的活动 {v} 次"
    ),
    "customer_activity_pace": Phrase(
        "{v} of the last 90 days' activities fell in the last 30", "最近 90 天的活动有 {v} 发生在最近 30 天"
    ),
    "customer_days_silent": Phrase("{v} since the last activity with the customer", "距与该客户最近一次活动已 {v}"),
    "customer_silence_to_usual": Phrase("The silence is {v} the usual gap", "沉默时间是平常间隔的 {v}"),
    "customer_inbound_90d": Phrase(
        "The customer got in touch {v:time|times} in the last 90 days", "最近 90 天客户主动联系 {v} 次"
    ),
    "customer_inbound_share": Phrase(
        "{v} of the year's activities came from the customer", "一年内 {v} 的活动由客户发起"
    ),
    "customer_days_since_inbound": Phrase("{v} since the customer was heard from", "客户已 {v}没有主动联系"),
    "customer_reply_days": Phrase("The customer answers within {v} on average", "客户平均 {v}回复"),
    "customer_answer_days": Phrase("We answer the customer within {v} on average", "我方平均 {v}答复客户"),
    "customer_calls_180d": Phrase("{v:call|calls} in the last 180 days", "最近 180 天通话 {v} 次"),
    "customer_emails_180d": Phrase("{v:mail|mails} in the last 180 days", "最近 180 天邮件 {v} 封"),
    "customer_meetings_180d": Phrase("{v:meeting|meetings} in the last 180 days", "最近 180 天会议 {v} 次"),
    "customer_visits_180d": Phrase("{v:visit|visits} in the last 180 days", "最近 180 天拜访 {v} 次"),
    "customer_web_visits_180d": Phrase(
        "{v:visit|visits} of our pages in the last 180 days", "最近 180 天浏览网页 {v} 次"
    ),
    "customer_minutes_90d": Phrase("{v} with the customer in the last 90 days", "最近 90 天与该客户沟通 {v}"),
    "customer_last_activity": Phrase("The last activity was: {v}", "最近一次活动是{v}"),
    "customer_contacts": Phrase("{v:person|people} known at the customer", "已知客户联系人 {v} 位"),
    "customer_new_contacts_365d": Phrase("{v:new contact|new contacts} in a year", "一年内新增联系人 {v} 位"),
    "customer_decision_makers": Phrase("{v:decision maker|decision makers} known", "已知决策人 {v} 位"),
    "customer_contacts_reached_365d": Phrase("{v:person|people} reached in a year", "一年内接触 {v} 人"),
    "customer_contacts_reached_share": Phrase("{v} of the known people were reached", "已接触 {v} 的已知联系人"),
    "customer_decision_maker_met_180d": Phrase(
        "{v:activity|activities} with a decision maker in the last 180 days", "最近 180 天与决策人的活动 {v} 次"
    ),
    "customer_colleagues_365d": Phrase("{v:colleague|colleagues} active in a year", "一年内有 {v} 位同事服务"),
    "customer_team": Phrase("Looked after by team {v}", "服务团队：{v}"),
    "customer_deals_open": Phrase("{v:deal|deals} open with the customer", "该客户有 {v} 个未关闭商机"),
    "customer_deals_open_worth": Phrase("Open deals with the customer are worth {v}", "该客户未关闭商机共 {v}"),
    "customer_deals_365d": Phrase("{v:deal|deals} opened with the customer in a year", "该客户一年内新建 {v} 个商机"),
    "customer_new_deals_180d": Phrase("{v:deal|deals} opened in the last 180 days", "最近 180 天新建 {v} 个商机"),
    "customer_days_since_new_deal": Phrase("{v} since a deal was opened", "距最近新建商机已 {v}"),
    "customer_closed_deals_365d": Phrase(
        "{v:deal|deals} with the customer closed in a year", "该客户一年内关闭 {v} 个商机"
    ),
    "customer_deals_won": Phrase("{v:deal|deals} won with the customer so far", "该客户累计赢单 {v} 个"),
    "customer_deals_won_365d": Phrase("{v:deal|deals} won in a year", "一年内赢单 {v} 个"),
    "customer_deals_lost_365d": Phrase("{v:deal|deals} lost in a year", "一年内输单 {v} 个"),
    "customer_win_rate": Phrase("{v} of the customer's deals are won", "该客户商机的赢率为 {v}"),
    "customer_days_since_won": Phrase("{v} since a deal was won with the customer", "距该客户最近一次赢单已 {v}"),
    "customer_days_since_lost": Phrase("{v} since a deal was lost with the customer", "距该客户最近一次输单已 {v}"),
    "customer_deal_days": Phrase("Deals with the customer take {v} on average", "该客户的商机平均历时 {v}"),
    "customer_deal_amount": Phrase("Deals won with the customer average {v}", "该客户赢单平均 {v}"),
    "customer_industry": Phrase("Industry: {v}", "客户行业：{v}"),
    "customer_segment": Phrase("Segment: {v}", "客户分群：{v}"),
    "customer_size": Phrase("Customer size: {v}", "客户规模：{v}"),
    "customer_tier": Phrase("Customer tier: {v}", "客户等级：{v}"),
    "customer_region": Phrase("Customer region: {v}", "客户区域：{v}"),
    "customer_country": Phrase("Customer country: {v}", "客户国家：{v}"),
    "customer_source": Phrase("The customer came from: {v}", "客户来源：{v}"),
    "customer_annual_revenue": Phrase("The customer's annual revenue is {v}", "客户年收入 {v}"),
    "customer_market_pace": Phrase(
        "{v} of everybody's purchases of a year fell in the last 90 days", "全部客户一年内的购买有 {v} 在最近 90 天"
    ),
    "customer_segment_pace": Phrase(
        "{v} of the segment's purchases of a year fell in the last 90 days", "同分群一年内的购买有 {v} 在最近 90 天"
    ),
    "customer_industry_pace": Phrase(
        "{v} of the industry's purchases of a year fell in the last 90 days", "同行业一年内的购买有 {v} 在最近 90 天"
    ),
    "customer_gap_to_segment": Phrase("Buys at {v} the segment's usual gap", "购买间隔是同分群的 {v}"),
    "customer_share_of_industry": Phrase("{v} of the industry's revenue of a year", "占同行业一年内金额的 {v}"),
    "customer_segment_win_rate": Phrase("{v} of the segment's deals are won", "同分群商机的赢率为 {v}"),
    "customer_industry_win_rate": Phrase("{v} of the industry's deals are won", "同行业商机的赢率为 {v}"),
    "customer_segment_cancelled_share": Phrase(
        "{v} of the segment's contracts were cancelled", "同分群合同有 {v} 已取消"
    ),
    "season_ahead": Phrase(
        "Orders of all customers in the days ahead are foreseen at {v} the usual",
        "未来这段时间全体客户的预计订单是平常的 {v}",
    ),
    "level_now": Phrase(
        "Of late customers stayed, or ordered again, at {v} the odds foretold",
        "近期客户留存或再次下单的几率是预测的 {v}",
    ),
    "customer_season_month": Phrase("It is {v}", "当前为 {v}"),
    "customer_season_quarter_end": Phrase("{v} left in the quarter", "本季度还剩 {v}"),
    "customer_season_to_holiday": Phrase("{v} to the next public holiday", "距下一个法定节假日 {v}"),
    "customer_season_since_holiday": Phrase("{v} since the last public holiday", "距上一个法定节假日 {v}"),
}  # fmt: skip
