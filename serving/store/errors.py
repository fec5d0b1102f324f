"""What can go wrong with the service's database, beyond what every caller may see."""

from features.errors import ForesellError
from serving.errors import StoreNotOpened


class DriverMissing(StoreNotOpened):
    problem = "The service's database {0} needs a driver that is not installed ({1})."
    fix = "install it: pip install 'foresell[postgres]'."


class NoSuchLayout(ForesellError):
    problem = "There is no layout '{0}' of the service's database."
    fix = "choose one of {1}; foresell store show says which it has now."
