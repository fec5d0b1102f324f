"""What a memory says beside what the feature table says: for tests that tell both the same rows."""

from collections.abc import Iterable
from datetime import datetime
from math import isnan

import numpy as np

from features.as_of import Moments, micros
from features.catalog import CATALOGS, attribute_features
from features.definition import Feature
from features.evaluate import Category
from features.history import History
from features.needs import lacking
from features.online import Memory
from features.streams import open_streams
from features.table import build_table

Row = dict[str, object]


def features_of(history: History) -> tuple[Feature, ...]:
    """Every feature of deals and customers that a history gives."""
    streams = open_streams(history)
    wanted = (*CATALOGS["deal"].values(), *attribute_features(history), *CATALOGS["customer"].values())
    return tuple(feature for feature in wanted if lacking(feature, streams) is None)


def told(memory: Memory, ids: list[str], at: datetime, entity: str) -> list[Row]:
    """The features of each, as the memory has them."""
    values = memory.values(ids, at, entity)
    columns = {
        name: found.texts().tolist() if isinstance(found, Category) else found.tolist()
        for name, found in values.items()
    }
    rows = [{name: column[n] for name, column in columns.items()} for n in range(len(ids))]
    return [{k: None if isinstance(v, float) and isnan(v) else v for k, v in row.items()} for row in rows]


def computed(
    history: History, features: Iterable[Feature], asked: list[tuple[str, datetime]], entity: str
) -> list[Row]:
    """The features at each moment, as the feature table has them."""
    ids = np.array([name for name, _ in asked], object)
    at = np.array([micros(moment) for _, moment in asked], np.int64)
    chosen = tuple(feature for feature in features if feature.entity == entity)
    rows: list[Row] = build_table(chosen, Moments(ids, at), history).drop_columns([f"{entity}_id", "as_of"]).to_pylist()
    return rows


def differing(one: Row, other: Row) -> dict[str, tuple[object, object]]:
    assert one.keys() == other.keys()
    return {name: (one[name], other[name]) for name in one if one[name] != other[name]}
