"""How is a reason about a deal put, in English and in Chinese? Sentences by feature; others are told by their labels.

`{v}` stands for the value with its unit, `{v:call|calls}` for a count before its noun, `{deal_stage}` for what
another feature says. Where a sentence has two forms, the second is for values below zero.
"""

from training.wording.phrases import Phrase

WORDS: dict[str, Phrase] = {
    "deal_amount": Phrase("Amount of {v}", "金额 {v}"),
    "deal_amount_drift": Phrase("The amount is {v} the first one on record", "当前金额是最初金额的 {v}"),
    "deal_amount_to_its_mean": Phrase("The amount is {v} its mean so far", "当前金额是存续期平均金额的 {v}"),
    "deal_amount_trend": Phrase("The amount changes by {v}", "金额{v}"),
    "deal_amount_edits": Phrase("The amount was written down {v:time|times}", "金额记录过 {v} 次"),
    "deal_days_since_amount": Phrase("{v} since the amount was written down", "距最近一次记录金额已 {v}"),
    "deal_amount_to_list": Phrase("The amount is {v} the list price", "金额是产品标价的 {v}"),
    "deal_amount_above_usual": Phrase(
        "The amount is {v} above this customer's usual", "金额比该客户以往平均高 {v}",
        "The amount is {v} below this customer's usual", "金额比该客户以往平均低 {v}",
    ),
    "deal_amount_to_product_wins": Phrase(
        "The amount is {v} that of deals won with this product", "金额是同产品赢单平均金额的 {v}"
    ),
    "deal_amount_to_segment_wins": Phrase(
        "The amount is {v} that of deals won in this segment", "金额是同客户分群赢单平均金额的 {v}"
    ),
    "deal_age_days": Phrase("Open for {v}", "商机已创建 {v}"),
    "deal_age_to_won_cycle": Phrase("Open for {v} as long as won deals took", "已历时为赢单平均周期的 {v}"),
    "deal_stage": Phrase("In stage {v}", "处于“{v}”阶段"),
    "deal_stage_position": Phrase("In stage number {v} of its pipeline", "处于管道的第 {v} 阶段"),
    "deal_days_in_stage": Phrase("In stage {deal_stage} for {v}", "已在“{deal_stage}”阶段停留 {v}"),
    "deal_stage_age_to_won": Phrase(
        "In stage {deal_stage} for {v} as long as won deals stayed", "在“{deal_stage}”阶段的停留是赢单平均停留的 {v}"
    ),
    "deal_stage_age_to_lost": Phrase(
        "In stage {deal_stage} for {v} as long as lost deals stayed", "在“{deal_stage}”阶段的停留是输单平均停留的 {v}"
    ),
    "deal_stage_changes": Phrase("Put in a stage {v:time|times} so far", "至今进入阶段 {v} 次"),
    "deal_stage_changes_14d": Phrase(
        "{v:change|changes} of stage in the last 14 days", "最近 14 天阶段变更 {v} 次"
    ),
    "deal_days_per_stage": Phrase("{v} a stage so far", "平均每个阶段 {v}"),
    "deal_steps_back": Phrase("Moved back to an earlier stage {v:time|times}", "退回更早阶段 {v} 次"),
    "deal_days_to_expected_close": Phrase(
        "Expected to close in {v}", "距预计成交日还有 {v}",
        "The expected close date passed {v} ago", "预计成交日已过 {v}",
    ),
    "deal_time_left_to_age": Phrase(
        "Time left to the expected close is {v} the deal's age", "距预计成交的时间是商机已历时的 {v}",
        "The expected close date has passed", "预计成交日已过",
    ),
    "deal_close_beyond_quarter": Phrase(
        "Expected to close {v} after this quarter ends", "预计成交日在本季度结束后 {v}",
        "Expected to close {v} before this quarter ends", "预计成交日在本季度结束前 {v}",
    ),
    "deal_close_date_slips": Phrase("The expected close date slipped {v:time|times}", "预计成交日推迟 {v} 次"),
    "deal_close_date_slips_30d": Phrase(
        "The expected close date slipped {v:time|times} in the last 30 days", "最近 30 天预计成交日推迟 {v} 次"
    ),
    "deal_slip_days": Phrase(
        "The expected close date slipped by {v} in all", "预计成交日累计推迟 {v}",
        "The expected close date moved up by {v} in all", "预计成交日累计提前 {v}",
    ),
    "deal_forecast_category": Phrase("Forecast category {v}", "预测类别为“{v}”"),
    "deal_times_reopened": Phrase("Opened again {v:time|times}", "重新打开 {v} 次"),
    "deal_activities": Phrase("{v:activity|activities} so far", "至今活动 {v} 次"),
    "deal_activities_7d": Phrase("{v:activity|activities} in the last 7 days", "最近 7 天活动 {v} 次"),
    "deal_activities_30d": Phrase("{v:activity|activities} in the last 30 days", "最近 30 天活动 {v} 次"),
    "deal_activity_pace": Phrase(
        "{v} of the last 30 days' activities fell in the last 7", "最近 30 天的活动有 {v} 发生在最近 7 天"
    ),
    "deal_days_silent": Phrase("{v} since the last activity", "距最近一次活动已 {v}"),
    "deal_activities_in_stage": Phrase(
        "{v:activity|activities} since it came into stage {deal_stage}", "进入“{deal_stage}”阶段以来活动 {v} 次"
    ),
    "deal_days_to_first_activity": Phrase(
        "The first activity came {v} after creation", "创建 {v}后才有首次活动",
        "The talk began {v} before the deal was created", "创建前 {v}已开始接触",
    ),
    "deal_inbound": Phrase("The customer got in touch {v:time|times}", "客户主动联系 {v} 次"),
    "deal_inbound_share": Phrase("{v} of the activities came from the customer", "{v} 的活动由客户发起"),
    "deal_days_since_inbound": Phrase("{v} since the customer was heard from", "客户已 {v}没有主动联系"),
    "deal_inbound_30d": Phrase(
        "The customer got in touch {v:time|times} in the last 30 days", "最近 30 天客户主动联系 {v} 次"
    ),
    "deal_outbound_30d": Phrase(
        "We got in touch {v:time|times} in the last 30 days", "最近 30 天我方主动联系 {v} 次"
    ),
    "deal_calls": Phrase("{v:call|calls} so far", "至今通话 {v} 次"),
    "deal_emails": Phrase("{v:mail|mails} so far", "至今邮件 {v} 封"),
    "deal_meetings": Phrase("{v:meeting|meetings} so far", "至今会议 {v} 次"),
    "deal_meetings_30d": Phrase("{v:meeting|meetings} in the last 30 days", "最近 30 天会议 {v} 次"),
    "deal_visits": Phrase("{v:visit|visits} so far", "至今拜访 {v} 次"),
    "deal_chats": Phrase("{v:chat|chats} so far", "至今聊天 {v} 次"),
    "deal_tasks": Phrase("{v:task|tasks} so far", "至今任务 {v} 项"),
    "deal_minutes": Phrase("{v} spent on the deal", "已投入 {v}"),
    "deal_last_activity": Phrase("The last activity was: {v}", "最近一次活动是{v}"),
    "deal_last_outcome": Phrase("The last activity ended: {v}", "最近一次活动的结果是“{v}”"),
    "deal_reply_days": Phrase("The customer replies within {v} on average", "客户平均 {v}回复"),
    "deal_reply_share": Phrase("The customer replied to {v} of what we sent", "我方的联系有 {v} 得到客户回复"),
    "deal_answer_days": Phrase("We answer the customer within {v} on average", "我方平均 {v}答复客户"),
    "deal_tries_unanswered": Phrase(
        "{v:try|tries} of ours since the customer was heard from", "客户上次联系后我方已联系 {v} 次"
    ),
    "deal_last_direction": Phrase("The last move was {v}", "最近一次活动：{v}"),
    "deal_usual_gap_days": Phrase("An activity every {v} on average", "平均每 {v}有一次活动"),
    "deal_gap_spread": Phrase("The days between activities vary by {v}", "活动间隔的波动为 {v}"),
    "deal_silence_to_usual": Phrase("The silence is {v} the usual gap", "沉默时间是平常间隔的 {v}"),
    "deal_inbound_hour": Phrase("The customer gets in touch about {v}", "客户通常在 {v} 左右联系"),
    "deal_weekend_share": Phrase("{v} of the activities fell on a weekend", "{v} 的活动发生在周末"),
    "deal_contacts_met": Phrase("{v:person|people} met so far", "至今接触 {v} 人"),
    "deal_contacts_met_30d": Phrase("{v:person|people} met in the last 30 days", "最近 30 天接触 {v} 人"),
    "deal_contacts_share": Phrase("{v} of the known people at the customer were met", "已接触客户 {v} 的已知联系人"),
    "deal_decision_maker_activities": Phrase(
        "{v:activity|activities} with somebody who decides", "与决策人的活动 {v} 次"
    ),
    "deal_decision_maker_30d": Phrase(
        "{v:activity|activities} with somebody who decides in the last 30 days", "最近 30 天与决策人的活动 {v} 次"
    ),
    "deal_contact_role": Phrase("Last talked to: {v}", "最近接触的人：{v}"),
    "deal_contact_activities_180d": Phrase(
        "{v:activity|activities} with this person in the last 180 days", "最近 180 天与该联系人的活动 {v} 次"
    ),
    "deal_colleagues": Phrase("{v:colleague|colleagues} active on the deal", "有 {v} 位同事参与"),
    "rep_win_rate": Phrase("The seller wins {v} of their deals", "该销售的赢率为 {v}"),
    "rep_win_rate_90d": Phrase(
        "The seller won {v} of the deals closed in the last 90 days", "该销售最近 90 天的赢率为 {v}"
    ),
    "rep_closed_deals_180d": Phrase(
        "The seller closed {v:deal|deals} in the last 180 days", "该销售最近 180 天关闭 {v} 个商机"
    ),
    "rep_cycle_days": Phrase("The seller's deals take {v} on average", "该销售的商机平均历时 {v}"),
    "rep_deals_closed": Phrase("The seller has closed {v:deal|deals} so far", "该销售累计关闭 {v} 个商机"),
    "rep_form": Phrase(
        "The seller's last 90 days are {v} above their usual share won", "该销售最近 90 天的赢率比平常高 {v}",
        "The seller's last 90 days are {v} below their usual share won", "该销售最近 90 天的赢率比平常低 {v}",
    ),
    "rep_segment_share": Phrase("{v} of the seller's deals were in this segment", "该销售 {v} 的商机属于此客户分群"),
    "rep_customer_activities_365d": Phrase(
        "The seller had {v:activity|activities} with this customer in a year", "该销售一年内与该客户的活动 {v} 次"
    ),
    "rep_days_to_hire": Phrase(
        "The seller starts in {v}", "该销售还有 {v}入职", "The seller has been here for {v}", "该销售入职已 {v}"
    ),
    "team": Phrase("Team {v}", "销售团队：{v}"),
    "rep_region": Phrase("The seller's region is {v}", "销售区域：{v}"),
    "deal_owners": Phrase("Given to a seller {v:time|times}", "分配给销售 {v} 次"),
    "deal_days_with_owner": Phrase("With this seller for {v}", "由当前销售负责已 {v}"),
    "rep_open_deals": Phrase("The seller has {v:deal|deals} open", "该销售有 {v} 个未关闭商机"),
    "rep_open_worth": Phrase("The seller's open deals are worth {v}", "该销售未关闭商机共 {v}"),
    "rep_deals_ahead": Phrase("{v:older deal|older deals} of the seller still open", "该销售有 {v} 个更早的商机未关闭"),
    "rep_activities_30d": Phrase(
        "The seller had {v:activity|activities} in the last 30 days", "该销售最近 30 天活动 {v} 次"
    ),
    "rep_activities_per_open_deal": Phrase(
        "{v} activities of the seller for each open deal in 30 days", "该销售 30 天内每个未关闭商机活动 {v} 次"
    ),
    "deal_activities_to_rep": Phrase("{v} of the seller's activities went to this deal", "该销售 {v} 的活动用于本商机"),
    "product": Phrase("Product {v}", "产品：{v}"),
    "product_family": Phrase("Product family {v}", "产品系列：{v}"),
    "product_list_price": Phrase("List price of {v}", "产品标价 {v}"),
    "product_win_rate": Phrase("{v} of deals on this product are won", "同产品商机的赢率为 {v}"),
    "product_price_to_list": Phrase("The product usually sells at {v} its list price", "该产品通常按标价的 {v}成交"),
    "customer_price_to_list": Phrase("The customer usually pays {v} the list price", "该客户通常按标价的 {v}购买"),
    "deal_pipeline": Phrase("Pipeline {v}", "所在管道：{v}"),
    "deal_source": Phrase("Source: {v}", "来源：{v}"),
    "deal_type": Phrase("Type: {v}", "类型：{v}"),
    "deal_currency": Phrase("Currency {v}", "币种：{v}"),
    "deal_crm_probability": Phrase("The CRM showed {v} at creation", "创建时 CRM 显示 {v}"),
    "deal_share_of_customer_worth": Phrase(
        "{v} of what is open with the customer", "占该客户未关闭商机金额的 {v}"
    ),
    "month": Phrase("It is {v}", "当前为 {v}"),
    "weekday": Phrase("It is {v}", "当天是{v}"),
    "is_holiday": Phrase("Public holiday: {v}", "法定节假日：{v}"),
    "days_to_month_end": Phrase("{v} left in the month", "本月还剩 {v}"),
    "days_to_quarter_end": Phrase("{v} left in the quarter", "本季度还剩 {v}"),
    "working_days_to_month_end": Phrase("{v:working day|working days} left in the month", "本月还剩 {v} 个工作日"),
    "working_days_to_quarter_end": Phrase(
        "{v:working day|working days} left in the quarter", "本季度还剩 {v} 个工作日"
    ),
    "quarter_elapsed": Phrase("{v} of the quarter has passed", "本季度已过 {v}"),
    "days_to_holiday": Phrase("{v} to the next public holiday", "距下一个法定节假日 {v}"),
    "days_since_holiday": Phrase("{v} since the last public holiday", "距上一个法定节假日 {v}"),
    "company_win_rate_90d": Phrase("The company won {v} of deals in the last 90 days", "全公司最近 90 天的赢率为 {v}"),
    "company_new_deals_30d": Phrase(
        "The company opened {v:deal|deals} in the last 30 days", "全公司最近 30 天新建 {v} 个商机"
    ),
    "company_open_deals": Phrase("The company has {v:deal|deals} open", "全公司有 {v} 个未关闭商机"),
}  # fmt: skip

ABOVE = {
    "stage": ("Deals that had been in this stage", "曾处于该阶段的商机"),
    "source": ("Deals from this source", "同来源的商机"),
    "type": ("Deals of this type", "同类型的商机"),
    "pipeline": ("Deals in this pipeline", "同管道的商机"),
    "segment": ("Deals with customers of this segment", "同客户分群的商机"),
    "industry": ("Deals with customers of this industry", "同行业客户的商机"),
    "team": ("Deals of this team", "同团队的商机"),
    "product_segment": ("Deals on this product in this segment", "同产品同客户分群的商机"),
    "rep_segment": ("The seller's deals in this segment", "该销售在同客户分群的商机"),
    "rep_product": ("The seller's deals on this product", "该销售的同产品商机"),
}
"""Whose share won is compared with everyone's."""
WORDS |= {f"{key}_win_rate_above": Phrase.above(*deals) for key, deals in ABOVE.items()}
