"""What can be wrong with events, in words."""

from features.errors import ForesellError
from serving.problems.errors import FieldsNotAccepted


class EventsNotAccepted(FieldsNotAccepted):
    problem = "{0} of the events sent cannot be read; none was accepted."
    fix = "mend the fields named under errors and send the request again."


class TooManyEventsWaiting(ForesellError):
    problem = "{0} events wait to be written into the history, and more than {1} may not."
    fix = (
        "send them again later; nothing was lost. If it stays so, look at the job fold: foresell jobs list says why "
        "it does not get on, and FORESELL_EVENTS_WAITING_MOST allows more."
    )
