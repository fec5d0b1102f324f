"""What follows from a finding: what is left out of learning, or how to mend it, in English and Chinese."""

from collections.abc import Mapping

LEFT_OUT = (
    "It is left out of learning. Declare it current or at_close in the mapping, or give the value it had at creation.",
    "默认不参与学习。请在映射中声明为 current 或 at_close，或提供创建时的取值。",
)
LOOK = (
    "It is used. If it is filled in or corrected later than the deal is created, declare it current or at_close.",
    "仍参与学习。如果它在商机创建之后才填写或更正，请声明为 current 或 at_close。",
)
KEPT_OUT = (
    "It is not used, as declared; if it were declared at_creation it would be found to know the outcome.",
    "按声明未使用；若声明为 at_creation，会被认定为泄漏结果。",
)
TRACKED_OUT = (
    "What is computed from it is left out of learning. See when these changes are really made and recorded.",
    "由它计算的特征默认不参与学习。请核对这些变更实际发生和记录的时间。",
)

CONSEQUENCE: Mapping[str, tuple[str, str]] = {
    "free-text": ("It is left out of learning.", "不参与学习。"),
    "changes-with-close": (
        "A feature sees a change only after it was recorded, so what is written at the close is not seen before it.",
        "特征只能看到已记录的变更，关闭时写入的值在关闭前不可见。",
    ),
    "created-in-bulk:error": (
        "Ages and lengths of deals are left out of learning. Give created_at the day the deal really began.",
        "商机年龄与时长不参与学习。请提供商机真实的创建日期。",
    ),
    "created-in-bulk:warning": (
        "It is used. Give these deals the day they really began.",
        "仍参与学习。请为这些商机提供真实的创建日期。",
    ),
    "closed-before-created": (
        "They were never open and are not learned from. Correct one of the two times.",
        "它们从未处于进行中，不参与学习。请更正其中一个时间。",
    ),
    "closed-at-once": (
        "They were open for no time: nothing can be said of them in advance. Judge them apart.",
        "它们几乎没有进行期，无法事先预测，应单独评估。",
    ),
    "before-creation": (
        "They count from the day they happened. Deals may be entered late; see whether won ones are.",
        "按发生时间计入。商机可能补录较晚，请核对赢单是否如此。",
    ),
    "order-before-close:error": (
        "The customer's orders would tell the outcome: what is computed from orders is left out of "
        "learning. Check the time of orders, or closed_at.",
        "客户订单会透露结果：由订单计算的特征不参与学习。请核对订单时间或 closed_at。",
    ),
    "order-before-close:warning": (
        "Orders are used. Check their times, or closed_at.",
        "订单仍参与学习。请核对订单时间或 closed_at。",
    ),
    "changes-after-close": ("They are not seen while the deal is open.", "商机进行期间不可见。"),
    "recorded-before-it-happened": (
        "Each row counts from the later of the two times. Check both columns and their time zone.",
        "按较晚的时间计入。请核对两列及其时区。",
    ),
    "recorded-late": (
        "They are not seen before they were recorded. If recorded_at is the day of an import, leave it out.",
        "记录之前不可见。如果 recorded_at 只是导入日期，请不要提供该列。",
    ),
    "presence-tells-outcome:error": (
        "What is computed of these rows is left out of learning. Give recorded_at, or the day they were really made.",
        "由这些记录计算的特征不参与学习。请提供 recorded_at 或其真实发生时间。",
    ),
    "presence-tells-outcome:warning": (
        "It is used. See whether such rows are written down after the deal has ended.",
        "仍参与学习。请核对这类记录是否在商机结束后才补写。",
    ),
    "dated-back:error": (
        "What is computed of these rows is left out of learning. Give recorded_at: a row then counts from it.",
        "由这些记录计算的特征不参与学习。请提供 recorded_at，记录将从该时间起计入。",
    ),
    "dated-back:warning": (
        "They are used as if they had been known when they happened. Give recorded_at: a row then counts from it.",
        "按发生时间即已知处理。请提供 recorded_at，记录将从该时间起计入。",
    ),
    "lateness-tells-outcome": (
        "They are not seen before they were recorded, so models cannot use it. See that recorded_at is given for "
        "every row: one without it counts from its own time.",
        "记录之前不可见，模型无法利用。请确保每行都有 recorded_at：没有的行按自身时间计入。",
    ),
    "feature-tells-outcome": (
        "It is left out of learning. See what it is made of: something in it is written after the end of a deal.",
        "不参与学习。请核对其来源：其中有内容在商机结束后才写入。",
    ),
    "feature-presence-tells:error": (
        "It is left out of learning. See what it is made of: something in it is written after the end of a deal.",
        "不参与学习。请核对其来源：其中有内容在商机结束后才写入。",
    ),
    "feature-presence-tells:warning": (
        "It is used. See whether what it is made of is written after the end of a deal.",
        "仍参与学习。请核对其来源是否在商机结束后才写入。",
    ),
    "feature-tells-time-left": (
        "It is left out of learning. See whether a date or a length in it is corrected when the deal closes.",
        "不参与学习。请核对其中的日期或时长是否在关闭时被更正。",
    ),
    "gap-in-time": (
        "They are used. If an export is missing, import it: a model takes the silence for inactivity.",
        "仍参与学习。如缺少某次导出，请补充导入：模型会把空白当作没有活动。",
    ),
    "table-begins-late": (
        "It is used; before that day counts are 0. Import what is older, or train on later deals only.",
        "仍参与学习；此前计数为 0。请补充更早的数据，或仅用之后的商机训练。",
    ),
    "table-ends-early": (
        "It is used; after that day counts are 0. Import what is newer.",
        "仍参与学习；此后计数为 0。请补充更新的数据。",
    ),
    "column-begins-late": (
        "It is used; before that day it is missing, so it also tells the time. Fill it in, or declare it current.",
        "仍参与学习；此前为空，因而也透露了时间。请补填，或声明为 current。",
    ),
    "column-stops": (
        "It is used, and is missing on what is newest. If nobody fills it in any more, declare it current.",
        "仍参与学习，但最新数据为空。如已不再填写，请声明为 current。",
    ),
    "near-duplicates": (
        "Folds are made by time, so a copy does not test its original; a random split would.",
        "按时间划分数据，副本不会用来检验原件；随机划分则会。",
    ),
    "no-deals": ("Win probabilities need the table deals.", "赢单概率需要 deals 表。"),
    "nothing-closed": (
        "Nothing can be learned yet; deals with status won or lost and closed_at are needed.",
        "暂时无法学习；需要状态为 won 或 lost 且有 closed_at 的商机。",
    ),
    "nothing-lost": (
        "win_probability stays empty; the horizons are still answered. Keep lost deals in the export.",
        "win_probability 为空，期限内概率仍可给出。请在导出中保留输单。",
    ),
    "nothing-won": (
        "win_probability stays empty. Keep won deals in the export, or check the values of status.",
        "win_probability 为空。请在导出中保留赢单，或检查 status 的取值。",
    ),
    "few-closed": (
        "Pooled rates are served until there are 30; no model is fitted.",
        "满 30 个之前只提供整体比率，不训练模型。",
    ),
    "too-few-to-test": ("No column is accused and none is cleared.", "未指控任何列，也未排除任何列。"),
    "closed-without-date": (
        "They are not learned from. Give closed_at, or their status change in deal_changes.",
        "它们不参与学习。请提供 closed_at 或 deal_changes 中的状态变更。",
    ),
    "currency-without-rate": (
        "Their amounts are missing in the base currency. Add rates to fx_rates.",
        "其本位币金额缺失。请在 fx_rates 中补充汇率。",
    ),
    "loose-reference": (
        "Nothing is known of them. Export them too, or map the spellings in values.",
        "对它们一无所知。请一并导出，或在 values 中映射不同写法。",
    ),
    "unknown-stage": (
        "They have no place in the pipeline's order. Add them to stages, or map the spellings.",
        "它们在管道中没有顺序。请补充到 stages，或映射写法。",
    ),
}
"""By code, or by code and severity; a column's findings without an entry follow from their severity alone."""
