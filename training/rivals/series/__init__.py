"""Which plain forecasts of series is ours judged against? All of them, by name."""

from training.rivals.series.plain import LastPeriod, LastYearTimesGrowth, TrailingThreeMonths
from training.rivals.series.reconciled import ReconciledArima, ReconciledEts, ReconciledSeasonalNaive, ReconciledTheta
from training.rivals.series.rival import SeriesForecast, SeriesRival

__all__ = ["SERIES_RIVALS", "SeriesForecast", "SeriesRival"]

SERIES_RIVALS: tuple[type[SeriesRival], ...] = (
    ReconciledSeasonalNaive,
    ReconciledEts,
    ReconciledTheta,
    ReconciledArima,
    TrailingThreeMonths,
    LastPeriod,
    LastYearTimesGrowth,
)
