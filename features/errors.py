"""What can go wrong, in words: the problem, then the way out."""


class ForesellError(Exception):
    """Base of every error of ours. Subclasses fill in two sentences with numbered blanks.

    Facts go to `args`, the sentence is built when shown, so an error survives pickling.
    """

    problem = "{0}"
    fix = "{1}"

    def __str__(self) -> str:
        return f"{self.problem.format(*self.args)}\nTo fix: {self.fix.format(*self.args)}"
