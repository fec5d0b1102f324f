"""How is each finding said? Its evidence in English and Chinese, by code, with named blanks."""

from collections.abc import Mapping
from dataclasses import replace

from features.audit_advice import CONSEQUENCE, KEPT_OUT, LEFT_OUT, LOOK, TRACKED_OUT
from features.audit_report import Finding, Severity

EVIDENCE: Mapping[str, tuple[str, str]] = {
    "value-tells-outcome": (
        "Its value ({when}) alone tells won from lost: AUC {auc}, at least {low}, over {deals} closed deals.",
        "仅凭该列（{when}）即可区分赢单与输单：AUC {auc}，至少 {low}，共 {deals} 个已关闭商机。",
    ),
    "value-dominates": (
        "Its value ({when}) alone has AUC {auc}, at least {low}; all other usable columns together {others}.",
        "仅该列（{when}）AUC 即达 {auc}，至少 {low}；其余可用列合计仅 {others}。",
    ),
    "blank-tells-outcome": (
        "Whether it is given tells the outcome ({when}): blank on {won} of the won and {lost} of the lost deals.",
        "是否填写透露结果（{when}）：赢单中 {won} 为空，输单中 {lost} 为空。",
    ),
    "single-value-tells": (
        "Of the {deals} closed deals with {value}, {won} were won: no usual column is so sure.",
        "取值为 {value} 的 {deals} 个已关闭商机中，{won} 个赢单：通常没有列如此确定。",
    ),
    "exact-value-tells": (
        "The exact figure tells the outcome ({when}). Figures that occur once were won in {once_won} of "
        "cases, repeated ones in {once_not}: among figures of like size the odds are {once_odds} times "
        "those of the others. Round figures: {round_won}, others {round_not}; {round_odds} times. So it is "
        "where a guess is replaced by the real figure when a deal ends.",
        "精确数值透露结果（{when}）。只出现一次的数值赢单 {once_won}，重复出现的 {once_not}；在同等大小的数"
        "值中赔率为其余的 {once_odds} 倍。整数赢单 {round_won}，非整数 {round_not}，{round_odds} 倍。估计值"
        "在关闭时被真实值替换时就会如此。",
    ),
    "tells-own-length": (
        "It goes with the length of the deal itself: rank correlation {rho}, at least {low} in size, over "
        "{deals} closed deals. That was not known when the deal was created.",
        "与商机自身时长几乎一致：秩相关 {rho}，绝对值至少 {low}，共 {deals} 个已关闭商机。创建时不可能知道。",
    ),
    "never-exceeds-own-length": (
        "As a number of days it exceeds the deal's own length in {over} of {deals} closed deals; if it had "
        "nothing to do with it, in {expected}. It counts something of the deal's life and was fixed at its "
        "end.",
        "作为天数，它在 {deals} 个已关闭商机中仅 {over} 超过商机自身时长；若无关则应为 {expected}。它统计的"
        "是商机存续期间的量，关闭时才确定。",
    ),
    "blank-on-open-only": (
        "It is blank on {open} open deals and {closed} closed ones, where {expected} closed ones were to "
        "be expected among deals as old. It is filled in when a deal closes.",
        "{open} 个进行中商机为空，已关闭的仅 {closed} 个为空，而同期创建的商机预计应有 {expected} 个。说明"
        "它在关闭时才填写。",
    ),
    "given-on-open-only": (
        "It is given on {open} open deals and {closed} closed ones, where {expected} closed ones were to "
        "be expected among deals as old. It is cleared when a deal closes.",
        "{open} 个进行中商机有值，已关闭的仅 {closed} 个有值，而同期创建的商机预计应有 {expected} 个。说明"
        "它在关闭时被清空。",
    ),
    "free-text": (
        "{different} different texts in {given} deals: nothing repeats that could be learned.",
        "{given} 个商机有 {different} 种不同文本：没有可学习的重复取值。",
    ),
    "row-has-last-value": (
        "It is declared at_creation, but of {deals} deals whose changes are on record {hits} rows hold the "
        "last value and not the first.",
        "声明为 at_creation，但在有变更记录的 {deals} 个商机中，{hits} 个保存的是最后值而非最初值。",
    ),
    "rewritten-at-close": (
        "Its value was replaced in {changed} of the {closings} deals seen to close, and in {others} of "
        "other updates; {tainted} deals were first imported after their close, with the later value.",
        "在 {closings} 个观察到关闭的商机中，{changed} 的取值被替换，其他更新中为 {others}；另有 {tainted} "
        "个商机在关闭后才首次导入，只有事后取值。",
    ),
    "changes-with-close": (
        "{share} of its {changes} changes were made within an hour of the deal's close, or after it.",
        "{changes} 次变更中有 {share} 发生在关闭前后一小时内或关闭之后。",
    ),
    "created-in-bulk": (
        "{share} of the {deals} deals were created within one minute, {at} UTC: the date of an import, not "
        "of the deals.",
        "{deals} 个商机中有 {share} 在同一分钟（{at} UTC）创建：这是导入时间，不是商机的创建时间。",
    ),
    "closed-before-created": (
        "{deals} deals closed before they were created.",
        "{deals} 个商机的关闭时间早于创建时间。",
    ),
    "closed-at-once": (
        "{share} of the closed deals closed within a minute of their creation; {won} of those were won, "
        "{rest} of the rest.",
        "{share} 的已关闭商机在创建后一分钟内关闭；其中赢单 {won}，其余为 {rest}。",
    ),
    "before-creation": (
        "{share} of the {rows} activities on a deal happened before the deal was created.",
        "{rows} 条商机活动中有 {share} 早于商机创建。",
    ),
    "order-before-close": (
        "{share} of the {deals} won deals with orders had one more than a day before they closed.",
        "{deals} 个有订单的赢单商机中，{share} 在关闭前一天以上已有订单。",
    ),
    "changes-after-close": (
        "{share} of the {rows} changes, those of status apart, were made more than a day after the deal closed.",
        "{rows} 次变更（不含状态）中有 {share} 发生在商机关闭一天之后。",
    ),
    "recorded-before-it-happened": (
        "{share} of the {rows} rows with a time of record were recorded before they happened.",
        "{rows} 条有记录时间的数据中，{share} 的记录时间早于发生时间。",
    ),
    "recorded-late": (
        "{share} of the {rows} rows with a time of record were recorded more than 30 days after they happened.",
        "{rows} 条有记录时间的数据中，{share} 在发生 30 天之后才记录。",
    ),
    "presence-tells-outcome": (
        "What is on record of the deal tells its outcome ({when}): {what} is there on {won} of the won and on {lost} "
        "of the lost deals, {times} times likelier at least. Rows written after the end and dated back look like this.",
        "记录的有无透露结果（{when}）：{what} 在赢单中占 {won}，在输单中占 {lost}，可能性至少相差 {times} 倍。"
        "关闭后补写并倒填日期的记录就会如此。",
    ),
    "dated-back": (
        "{share} of the {rows} later rows happened, by their own time, more than a day before an export that had "
        "the deal and not the row: they were written later. Of the {closings} deals seen to close, {won} of the won "
        "and {lost} of the lost got such a row with the close, dated before it.",
        "后来导入的 {rows} 行中有 {share} 的发生时间比之前的某次导出早一天以上，"
        "而那次导出有该商机却没有这一行：说明是事后补写。"
        "在 {closings} 个观察到关闭的商机中，{won} 的赢单和 {lost} 的输单在关闭时出现了日期早于关闭的记录。",
    ),
    "lateness-tells-outcome": (
        "Rows recorded more than a day after they happened: on {won} of the won deals that have any, on {lost} of "
        "the lost.",
        "发生一天之后才记录的数据：在有记录的赢单中占 {won}，在输单中占 {lost}。",
    ),
    "feature-tells-outcome": (
        "The feature alone tells won from lost ({when}): AUC {auc}, at least {low}, over {deals} closed deals.",
        "仅凭该特征（{when}）即可区分赢单与输单：AUC {auc}，至少 {low}，共 {deals} 个已关闭商机。",
    ),
    "feature-presence-tells": (
        "That the feature has a value tells the outcome ({when}): it has one on {won} of the won and on {lost} of the "
        "lost deals, {times} times likelier at least.",
        "该特征有无取值透露结果（{when}）：赢单中 {won} 有值，输单中 {lost} 有值，可能性至少相差 {times} 倍。",
    ),
    "feature-tells-time-left": (
        "The feature goes with the days that the deal still has to live ({when}): rank correlation {rho}, at least "
        "{low} in size, over {deals} closed deals. No plan is so exact.",
        "该特征（{when}）与商机剩余天数几乎一致：秩相关 {rho}，绝对值至少 {low}，共 {deals} 个已关闭商机。"
        "任何计划都不会如此准确。",
    ),
    "gap-in-time": (
        "No rows for {days} days, from {first} to {last}; usually not for {usual}.",
        "{first} 至 {last} 共 {days} 天没有任何记录；通常间隔不超过 {usual} 天。",
    ),
    "table-begins-late": (
        "Its rows begin on {first}; those of {other} on {since}.",
        "记录始于 {first}，而 {other} 始于 {since}。",
    ),
    "table-ends-early": (
        "Its rows end on {last}; those of {other} go on until {until}.",
        "记录止于 {last}，而 {other} 持续到 {until}。",
    ),
    "column-begins-late": (
        "It is given from {day} on, in {share} of the rows; the {rows} rows before have nothing.",
        "自 {day} 起才有值（占 {share}），此前的 {rows} 行均为空。",
    ),
    "column-stops": (
        "It is given until {day}, in {share} of the rows; the {rows} rows after have nothing.",
        "到 {day} 为止有值（占 {share}），此后的 {rows} 行均为空。",
    ),
    "near-duplicates": (
        "{share} of the closed deals repeat another's {columns} within a week, with the same outcome.",
        "{share} 的已关闭商机在一周内与另一商机的 {columns} 相同且结果一致。",
    ),
    "no-deals": ("There are no deals on record.", "没有商机记录。"),
    "nothing-closed": ("No deal is on record as closed.", "没有已关闭的商机。"),
    "nothing-lost": ("None of the {deals} closed deals was lost.", "{deals} 个已关闭商机中没有输单。"),
    "nothing-won": ("None of the {deals} closed deals was won.", "{deals} 个已关闭商机中没有赢单。"),
    "few-closed": ("Only {deals} deals are on record as closed.", "仅有 {deals} 个已关闭商机。"),
    "too-few-to-test": (
        "{won} won and {lost} lost deals: fewer than {least} of one kind, too few to test the columns.",
        "赢单 {won} 个、输单 {lost} 个：其中一类少于 {least} 个，不足以检验各列。",
    ),
    "closed-without-date": (
        "{deals} deals are won or lost and nothing says when.",
        "{deals} 个商机已赢或已输，但没有关闭时间。",
    ),
    "currency-without-rate": (
        "{rows} rows are in {currencies}, for which fx_rates has no rate.",
        "{rows} 行使用 {currencies}，但 fx_rates 中没有汇率。",
    ),
    "loose-reference": (
        "{rows} rows name {values} different {target} that are not on record, such as {example}.",
        "{rows} 行引用了 {values} 个不存在的 {target}，例如 {example}。",
    ),
    "unknown-stage": (
        "{rows} rows are in stages that the table stages does not have: {names}.",
        "{rows} 行的阶段不在 stages 表中：{names}。",
    ),
}

MOMENTS_ZH = {"at creation": "创建时", "latest": "最新值", "first": "首次记录", "halfway": "存续期中点"}
MOMENTS_ZH |= {"an hour after creation": "创建后一小时", "in the month before the close": "关闭前一个月内"}
MOMENTS_ZH |= {"any row": "任何记录"}


def tell(code: str, table: str, column: str, severity: Severity, facts: Mapping[str, str]) -> Finding:
    """A finding in words. `facts` fill the blanks of its evidence."""
    english, chinese = EVIDENCE[code]
    in_chinese = {key: MOMENTS_ZH.get(value, value) for key, value in facts.items()}
    consequence = CONSEQUENCE.get(f"{code}:{severity}") or CONSEQUENCE.get(code) or _of_column(severity)
    return Finding(table, column, code, severity, english.format(**facts), chinese.format(**in_chinese), *consequence)


def _of_column(severity: Severity) -> tuple[str, str]:
    return {"error": LEFT_OUT, "warning": LOOK, "info": KEPT_OUT}[severity]


def of_tracked(finding: Finding) -> Finding:
    """The same finding of a field whose values come from `deal_changes`."""
    if finding.severity != "error":
        return finding
    return replace(finding, consequence=TRACKED_OUT[0], consequence_zh=TRACKED_OUT[1])
