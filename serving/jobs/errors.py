"""What can be wrong with a job?"""

from features.errors import ForesellError


class NoSuchJob(ForesellError):
    problem = "There is no job '{0}'."
    fix = "choose one of {1}; foresell jobs list says what each does."


class JobIsRunning(ForesellError):
    problem = "The job {0} is being run by {1}."
    fix = "wait until it has ended: foresell jobs list shows it."


class JobCutOff(ForesellError):
    problem = "The job {0} was cut off: {1}."
    fix = "nothing is needed, it is tried again; if it comes back, look into the service's log."


class JobFailedApart(ForesellError):
    problem = "The job {0} failed: {1}"
    fix = "{2}"
