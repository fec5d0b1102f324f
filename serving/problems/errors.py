"""What can go wrong in the service, in words. Which HTTP status each becomes stands in `serving.problems.documents`."""

from features.errors import ForesellError


class FieldsNotAccepted(ForesellError):
    """Base of errors that name the fields at fault; the last fact is the sequence of them."""

    @property
    def faults(self) -> tuple[object, ...]:
        """The fields, each with its message (`serving.problems.documents.FieldProblem`)."""
        return tuple(self.args[-1])


class NoChampion(ForesellError):
    problem = "No {0} model is live yet."
    fix = "train one: foresell train {0}. The service takes it up within seconds, without a restart."


class EarlierVersionServes(ForesellError):
    problem = (
        "The {0} model that was promoted cannot be loaded: {2} Version {1} answers instead, the latest that was live "
        "and can be loaded."
    )
    fix = "promote a version again, which fetches it from the store: foresell models promote {0} VERSION."


class StillLoading(ForesellError):
    problem = "The service has just started and is still loading {0}."
    fix = "try again in a few seconds; GET /readyz says when it is done."


class NothingLoaded(ForesellError):
    problem = "The service could not load {0}: {1}"
    fix = "{2}"


class ChampionOfOtherFeatures(ForesellError):
    problem = "The {0} model {1} was trained on features {2}; this release computes {3} under the same names."
    fix = "train it again with this release: foresell train {0}, or run the release that trained it."


class DealNotFound(ForesellError):
    problem = "There is no deal '{0}' on record."
    fix = 'check the id, import the deal, or send it whole: {{"record": {{...}}}}.'


class DealNotOpen(ForesellError):
    problem = "Deal '{0}' is not open as of {1}: it is closed, or was created later."
    fix = "leave it out; only open deals have a win probability. To score it as of an earlier moment send as_of."


class CustomerNotFound(ForesellError):
    problem = "There is no customer '{0}' on record."
    fix = "check the id, or import the customer."


class CustomerNotActive(ForesellError):
    problem = "Customer '{0}' is not active as of {1}: no order in the 365 days before, and no running contract."
    fix = "leave it out; who is gone cannot leave. To score it as of an earlier moment send as_of."


class RecordNotAccepted(FieldsNotAccepted):
    problem = "{0} of the {1} sent cannot be read; nothing was scored."
    fix = "mend the fields named under errors and send the request again."


class RequestNotAccepted(FieldsNotAccepted):
    problem = "The request does not have the shape that this call expects."
    fix = "mend the fields named under errors; GET /docs and /openapi.json describe the shape."


class MomentNotAccepted(ForesellError):
    problem = "as_of is {0}; the service's clock says {1}."
    fix = "ask as of a moment that has passed, or leave as_of out for now."


class ModelKnowsTheFuture(ForesellError):
    problem = "The {0} model {1} was trained on what was recorded until {2}; as of {3} it would know the future."
    fix = "ask as of a later moment, or train one for that time: foresell train {0} --until {3}."


class DateNotAccepted(ForesellError):
    problem = "dates holds {0}, which is not between {1} and {2}."
    fix = "ask for days from {1} on, at most ten years ahead."


class KeyMissing(ForesellError):
    problem = "This call needs an API key and none was sent."
    fix = "send the header Authorization: Bearer fsl_...; foresell keys create makes a key."


class KeyNotAccepted(ForesellError):
    problem = "The API key is not accepted: it is unknown, revoked or expired."
    fix = "check the header Authorization: Bearer fsl_...; foresell keys list shows which keys are valid."


class ScopeMissing(ForesellError):
    problem = "The API key {0} lacks the scope '{1}' that this call needs."
    fix = "use a key that has it: foresell keys create --name NAME --scopes {1}."


class UnknownScope(ForesellError):
    problem = "There is no scope '{0}'."
    fix = "choose from {1}."


class NoSuchKey(ForesellError):
    problem = "There is no API key with the id '{0}'."
    fix = "foresell keys list shows the ids: the eight characters after fsl_."


class KeyExpiresInThePast(ForesellError):
    problem = "The key would have expired at {0}, before it was made."
    fix = "choose a later time, or none for a key that lasts until it is revoked."


class BodyTooLarge(ForesellError):
    problem = "The request's body is larger than {0} bytes."
    fix = "send fewer deals in one call, or raise FORESELL_MAX_BODY_BYTES."


class NotJson(ForesellError):
    problem = "The body was sent as '{0}'."
    fix = "send JSON with the header Content-Type: application/json."


class BrokenJson(ForesellError):
    problem = "The body is not JSON that can be read{0}."
    fix = "check it with any JSON tool; text is UTF-8 and numbers are finite."


class NoSuchPath(ForesellError):
    problem = "There is nothing at {0}."
    fix = "GET /docs lists every call."


class WrongMethod(ForesellError):
    problem = "{0} does not answer to {1}."
    fix = "use {2}."


class RequestRefused(ForesellError):
    problem = "The request was refused: {0}."
    fix = "GET /docs describes every call."


class UnexpectedFault(ForesellError):
    problem = "Something went wrong inside the service; it was noted under the request id {0}."
    fix = "try again; if it comes back, look for the request id in the service's log."


class StoreTooNew(ForesellError):
    problem = "The service's database has layout {0}, which this release does not know."
    fix = "upgrade Foresell, or point FORESELL_DATABASE to a database of this release."


class StoreNotOpened(ForesellError):
    problem = "The service's database {0} cannot be opened: {1}"
    fix = "check the address in FORESELL_DATABASE, that the server runs, and that the folder can be written."


class StoreAway(ForesellError):
    problem = "The service's database does not answer: {0}"
    fix = "try again in a moment; if it stays away, check the server and the disk behind FORESELL_DATABASE."


class BadSetting(ForesellError):
    problem = "The setting {0} is not accepted: {1}."
    fix = "correct it in the environment; docs/settings.md lists every setting with its meaning."
