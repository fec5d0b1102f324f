"""Rates: how have deals like this one gone, beside all deals?

Each counts only deals whose end was on record before the moment, and is drawn toward the rate of all of them, the
more the fewer there are: so a source, a stage or a segment becomes a number without its deals' own ends showing
through. Told as the distance from the rate of all, it does not rise and fall with the times.
"""

from features.definition import Feature
from features.verbs import Of, SmoothedRate


def _by(of: Of, of_what: str, of_what_zh: str) -> Feature:
    return Feature(
        f"{of.replace('&', '_')}_win_rate_above",
        f"Share won of closed deals {of_what}, drawn toward everyone's share, less everyone's share.",
        f"{of_what_zh}已关闭商机的赢率（向整体赢率收缩）减去整体赢率。",
        SmoothedRate("outcomes", "won", of=of, above=True),
    )


FEATURES = (
    Feature(
        "stage_win_rate_above",
        "Share won of closed deals that had been in the deal's stage, drawn toward that of all stages, less that.",
        "曾处于该阶段的已关闭商机的赢率（向全部阶段的赢率收缩）减去全部阶段的赢率。",
        SmoothedRate("stage_stays", "won", of="stage", above=True),
    ),
    _by("source", "from the same source", "同来源"),
    _by("type", "of the same type", "同类型"),
    _by("pipeline", "in the same pipeline", "同管道"),
    _by("segment", "with customers of the same segment", "同客户分群"),
    _by("industry", "with customers of the same industry", "同行业客户"),
    _by("team", "of the same team", "同团队"),
    _by("product&segment", "on the same product with customers of the same segment", "同产品且同客户分群"),
    _by("rep&segment", "of the same seller with customers of the same segment", "同销售且同客户分群"),
    _by("rep&product", "of the same seller on the same product", "同销售且同产品"),
)
