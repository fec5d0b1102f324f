"""What can be wrong with a table that is to be scored?"""

from features.errors import ForesellError


class WrongType(ForesellError):
    problem = "Column {0} holds {1}; the feature of that name holds {2}."
    fix = "write it as foresell features build does: numbers as float64, texts as strings."


class NoRowNames(ForesellError):
    problem = "{0} has no column {1} that says whose each row is."
    fix = "add a column {1} to the table, as foresell features build writes it."


class NoFeatures(ForesellError):
    problem = "{0} has none of the {1} features that version {2} of the {3} model looks at, such as {4}."
    fix = "score a table that foresell features build {5} wrote, or name its columns as the catalogue does."


class CannotRead(ForesellError):
    problem = "{0} cannot be read: {1}."
    fix = "give a feature table as .parquet or .csv, as foresell features build writes it."


class NoMoment(ForesellError):
    problem = "{0} of the rows of {1} do not say as of when they are: column as_of holds {2}."
    fix = "give one moment for all rows with --as-of, or write moments such as 2026-06-01T00:00:00 (UTC)."
