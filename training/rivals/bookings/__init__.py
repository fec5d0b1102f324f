"""Which plain forecasts of bookings and orders is ours judged against? All of them, by name."""

from training.rivals.bookings.moment import Moment, PipelineRival, residual_quantiles, residual_spread
from training.rivals.bookings.peoples_call import BestCase, Commit
from training.rivals.bookings.point_of_period import PointOfPeriod
from training.rivals.bookings.weighted_pipeline import WeightedPipeline
from training.rivals.series.plain import LastPeriod, LastYearTimesGrowth, TrailingThreeMonths
from training.rivals.series.reconciled import ReconciledArima, ReconciledEts, ReconciledSeasonalNaive, ReconciledTheta
from training.rivals.series.rival import SeriesRival

PLAIN_RIVALS: tuple[type[SeriesRival], ...] = (TrailingThreeMonths, LastPeriod, LastYearTimesGrowth)
"""Rules of thumb: cheap, asked at every level."""
MODEL_RIVALS: tuple[type[SeriesRival], ...] = (
    ReconciledSeasonalNaive,
    ReconciledEts,
    ReconciledTheta,
    ReconciledArima,
)
"""Series models: asked at the levels with few groups, each made to agree with the company."""
PIPELINE_RIVALS: tuple[type[PipelineRival], ...] = (WeightedPipeline, PointOfPeriod, Commit, BestCase)
"""What looks at the open deals."""

__all__ = [
    "MODEL_RIVALS",
    "PIPELINE_RIVALS",
    "PLAIN_RIVALS",
    "Moment",
    "PipelineRival",
    "residual_quantiles",
    "residual_spread",
]
