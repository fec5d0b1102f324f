"""What can go wrong with the service's database, beyond what every caller may see."""

from features.errors import ForesellError
from serving.problems.errors import StoreNotOpened


class DriverMissing(StoreNotOpened):
    problem = "The service's database {0} needs a driver that is not installed ({1})."
    fix = "install it: pip install 'foresell[postgres]'."


class NoSuchLayout(ForesellError):
    problem = "There is no layout '{0}' of the service's database."
    fix = "choose one of {1}; foresell store show says which it has now."


class EventsWaitForFolding(ForesellError):
    problem = "{0} accepted events are not in the history yet; the earlier layout has no place for them."
    fix = "write them into the history first: foresell jobs run fold."
