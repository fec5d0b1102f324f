"""The only way to get a feature table, for training and for scoring alike."""

import numpy as np
import pyarrow as pa

from features.as_of import Moments
from features.definition import Feature
from features.engines.local import Columns, LocalStreams
from features.errors import ForesellError
from features.evaluate import Category, Evaluation, Streams, Values
from features.history import History
from features.needs import columns_of


class NotInHistory(ForesellError):
    """A feature was asked of a history that cannot give it."""

    problem = "The feature {0} cannot be computed from this history: {1}."
    fix = "import what is missing, or choose among the features that it can give: foresell features list."


def compute(features: tuple[Feature, ...], streams: Streams, moments: Moments) -> dict[str, Values]:
    """Each feature's values at the moments, from streams already open."""
    evaluation = Evaluation(streams, moments)
    return {feature.name: evaluation.value(feature.verb) for feature in features}


def streams_for(features: tuple[Feature, ...], history: History, columns: Columns | None = None) -> LocalStreams:
    """The streams these features look at, with more `columns` where asked. Raises NotInHistory."""
    streams = LocalStreams(history, columns or columns_of(features))
    for feature in features:
        if reason := streams.lacking(feature):
            raise NotInHistory(feature.name, reason)
    return streams


def build_table(features: tuple[Feature, ...], moments: Moments, history: History) -> pa.Table:
    """A table with one row per moment: the id, `as_of` (UTC), then the features in their order.

    Numbers are float64 with NULL for missing, texts are strings. Raises NotInHistory.
    """
    entity = features[0].entity if features else "deal"
    values = compute(features, streams_for(features, history), moments)
    columns = {
        f"{entity}_id": pa.array(moments.ids, pa.string()),
        "as_of": pa.array(moments.at, pa.timestamp("us")),
    }
    return pa.table(columns | {name: _column(value) for name, value in values.items()})


def _column(value: Values) -> pa.Array:
    if isinstance(value, Category):
        return pa.array(value.texts(), pa.string())
    return pa.array(value, pa.float64(), mask=np.isnan(value))
