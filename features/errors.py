"""What can go wrong, in words: the problem, then the way out."""


class ForesellError(Exception):
    """Base of every error of ours. Subclasses fill in two sentences with numbered blanks.

    Facts go to `args`, the sentence is built when shown, so an error survives pickling.
    """

    problem = "{0}"
    fix = "{1}"

    def __str__(self) -> str:
        return f"{self.problem.format(*self.args)}\nTo fix: {self.fix.format(*self.args)}"


def was_interrupted(error: BaseException) -> bool:
    """Whether somebody pressed Ctrl-C; where DuckDB is at work, it tells of it as a fault of the query."""
    of_duckdb = type(error).__name__ == "InterruptException" or str(error) == "Query interrupted"
    return isinstance(error, KeyboardInterrupt) or of_duckdb
