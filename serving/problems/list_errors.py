"""What can go wrong with lists, in words."""

from features.errors import ForesellError


class ListNotMade(ForesellError):
    problem = "The list of {0} is being prepared for the first time."
    fix = "try again in a minute; foresell jobs list shows the job `cards`. Single ones can be asked for already."


class CursorNotAccepted(ForesellError):
    problem = "The cursor is not one that this list gave out."
    fix = "take `next` from the answer before, with the same sort, or leave cursor out to begin."


class SortNotAccepted(ForesellError):
    problem = "The list cannot be sorted by '{0}'."
    fix = "sort by one of {1}; a minus before it turns the order around."
