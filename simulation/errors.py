"""What can go wrong when a company is invented, in words: the problem, then the way out."""


class BadCompany(ValueError):
    """A setting of the invented company that cannot be met."""

    problem = "The company's setting {0} is {1}."
    fix = "give {0} as {2}."

    def __str__(self) -> str:
        return f"{self.problem.format(*self.args)}\nTo fix: {self.fix.format(*self.args)}"


class BadContacts(ValueError):
    """A day's contacts that nobody could make."""

    problem = "The contacts of day {0} cannot be made: {1}."
    fix = "{2}."

    def __str__(self) -> str:
        return f"{self.problem.format(*self.args)}\nTo fix: {self.fix.format(*self.args)}"
