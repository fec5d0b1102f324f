"""What does each number of a report mean, in one plain sentence of English and of Chinese?"""

from training.reports.words import Language

DEFINITIONS: dict[str, dict[Language, tuple[str, str]]] = {
    "log_loss": {
        "en": (
            "Log loss",
            "The average surprise at what happened, given what was said: 0 is certainty that was right, 0.693 is "
            "a coin toss. Confidence that was wrong costs most. Lower is better.",
        ),
        "zh": (
            "对数损失",
            "预测与实际结果之间的平均“意外程度”：0 表示完全确定且正确，0.693 相当于抛硬币；错误的自信代价最高。"
            "越低越好。",
        ),
    },
    "brier": {
        "en": (
            "Brier score",
            "The average squared distance between the chance said and the outcome (1 or 0). Lower is better.",
        ),
        "zh": (
            "Brier 分数",
            "预测概率与结果（1 或 0）之差的平方的平均值。越低越好。",
        ),
    },
    "integrated": {
        "en": (
            "Over all horizons",
            "Log loss or Brier score of the chance within so many days, averaged over the horizons, each "
            "counting for the days it stands for.",
        ),
        "zh": (
            "跨期限平均",
            "各期限内概率的对数损失或 Brier 分数，按各期限所代表的天数加权平均。",
        ),
    },
    "auc": {
        "en": (
            "AUC",
            "How often, of one case where it happened and one where it did not, the first was given the higher "
            "chance: 0.5 is guessing, 1 is perfect order. It says nothing about the size of the chances.",
        ),
        "zh": (
            "AUC",
            "随机取一个发生的和一个未发生的个案，前者概率更高的比例：0.5 等于瞎猜，1 为完全正确的排序。它不反映概"
            "率大小是否准确。",
        ),
    },
    "average_precision": {
        "en": (
            "Average precision",
            "Going down the list from the highest chance, the share of cases so far where it happened, averaged "
            "over those cases. The share among all is what a random order gets.",
        ),
        "zh": (
            "平均精确率",
            "按概率从高到低查看名单，每遇到一个发生的个案时，此前名单中发生的比例，再取平均。随机排序得到的就是总"
            "体比例。",
        ),
    },
    "slope": {
        "en": (
            "Calibration slope",
            "1 means high chances are as high and low ones as low as they should be; below 1 they were too bold, "
            "above 1 too timid.",
        ),
        "zh": (
            "校准斜率",
            "1 表示高低概率的幅度恰当；小于 1 说明过于大胆，大于 1 说明过于保守。",
        ),
    },
    "shift": {
        "en": (
            "Calibration shift",
            "What would have to be added to all chances (in log-odds) for their average to meet what came: above "
            "0, the chances were too low.",
        ),
        "zh": (
            "校准偏移",
            "需要给所有概率（对数几率）加上多少，平均值才与实际一致：大于 0 表示概率偏低。",
        ),
    },
    "calibration_test": {
        "en": (
            "Calibration test",
            "How likely gaps this large between what was said and what came would be if every chance were "
            "exactly right. Below 5 % the chances are off by more than luck.",
        ),
        "zh": (
            "校准检验",
            "假设所有概率都完全正确，出现这么大差距的可能性。低于 5% 表示偏差超出偶然。",
        ),
    },
    "reliability": {
        "en": (
            "Said and came",
            "Cases with similar chances are put together: across, the chance that was said; upward, the share "
            "where it happened, with a 95 % interval. On the dashed line both are equal.",
        ),
        "zh": (
            "预测与实际",
            "把概率相近的个案归为一组：横轴为预测概率，纵轴为实际发生的比例及其 95% 区间。虚线上两者相等。",
        ),
    },
    "difference": {
        "en": (
            "Ours less this one",
            "The difference in log loss on the same cases, with a 95 % interval found by drawing deals or "
            "customers again and again. Below zero ours is better; an interval that holds zero means: no "
            "difference beyond noise.",
        ),
        "zh": (
            "我方减对手",
            "在相同个案上的对数损失之差及其 95% 区间（对商机或客户反复抽样得到）。小于零表示我方更好；区间包含零"
            "表示没有超出偶然的差别。",
        ),
    },
    "by_money": {
        "en": (
            "Weighted by amount",
            "The same figure with each case counting for its amount instead of for one.",
        ),
        "zh": (
            "按金额加权",
            "同一指标，但每个个案按其金额计权，而不是各算一个。",
        ),
    },
    "coverage": {
        "en": (
            "Coverage",
            "How often what came lay within the 80 % interval that was stated. Well below 80 % the intervals "
            "were too narrow, well above too wide.",
        ),
        "zh": (
            "覆盖率",
            "实际结果落在所给 80% 区间内的比例。明显低于 80% 说明区间太窄，明显高于则太宽。",
        ),
    },
    "gains": {
        "en": (
            "Gains",
            "If only the cases with the highest chances are looked at: the share of all that happened which is "
            "found among them.",
        ),
        "zh": (
            "增益",
            "如果只处理概率最高的一部分个案，能找到全部发生个案中的多大比例。",
        ),
    },
    "segments": {
        "en": (
            "For whom it is worse",
            "Groups where ours was beaten by the best rival, or said chances that did not come true, by more "
            "than luck allows when so many groups are looked at (Holm's correction).",
        ),
        "zh": (
            "对谁较差",
            "在这些分组中，我方输给最好的对手，或概率与实际不符，且在同时查看多个分组的前提下（Holm 校正）仍超出偶然。",
        ),
    },
    "scrps": {
        "en": (
            "sCRPS",
            "How far the whole forecast, with its uncertainty, was from what came, as a share of the average "
            "amount. For a forecast without uncertainty it is the average error. Lower is better.",
        ),
        "zh": (
            "sCRPS",
            "整个预测分布（含不确定性）与实际的距离，占平均金额的比例；若预测不含不确定性，即为平均误差。越低越好。",
        ),
    },
    "wql": {
        "en": (
            "Weighted quantile loss",
            "The cost of the forecast's quantiles, each counted as it asks (the 90 % quantile may be passed once "
            "in ten times), as a share of the total amount. Lower is better.",
        ),
        "zh": (
            "加权分位数损失",
            "各分位数预测的代价（例如 90% 分位数允许十次被超过一次），占总金额的比例。越低越好。",
        ),
    },
    "mase": {
        "en": (
            "MASE",
            "The average error beside that of repeating the value of a season ago within the past: below 1 is "
            "better than repeating.",
        ),
        "zh": (
            "MASE",
            "平均误差与“重复上一季同期值”的误差之比：小于 1 表示优于简单重复。",
        ),
    },
    "rmsse": {
        "en": (
            "RMSSE",
            "The same beside repeating, with errors squared, so that large ones count for more. Below 1 is "
            "better than repeating.",
        ),
        "zh": (
            "RMSSE",
            "与 MASE 类似，但误差取平方，大误差权重更高。小于 1 表示优于简单重复。",
        ),
    },
    "bias": {
        "en": (
            "Bias",
            "How far forecasts were above (+) or below (−) what came on average, as a share of what came.",
        ),
        "zh": (
            "偏差",
            "预测平均高于（+）或低于（−）实际的幅度，占实际值的比例。",
        ),
    },
    "week_of_period": {
        "en": (
            "Error by week of the period",
            "The average error of the forecast made at the beginning of that week of the period, as a share of "
            "the period's total: it should fall as the period goes on.",
        ),
        "zh": (
            "按期内周次的误差",
            "在期内某周开始时所作预测的平均误差，占该期总额的比例：应随时间推移而下降。",
        ),
    },
    "profit": {
        "en": (
            "Expected maximum profit",
            "What the best possible campaign with these chances would earn per customer, at the stated margin, "
            "cost and chance that an offer is accepted (EMPC). Higher is better.",
        ),
        "zh": (
            "期望最大利润",
            "在给定的毛利、成本和优惠接受率下，依据这些概率开展最优挽留活动，平均每位客户可带来的利润（EMPC）。越"
            "高越好。",
        ),
    },
}
"""By key: the term and its sentence in each language."""
