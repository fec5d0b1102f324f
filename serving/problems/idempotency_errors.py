"""What can be wrong with an idempotency key?"""

from features.errors import ForesellError


class IdempotencyKeyReused(ForesellError):
    problem = "The idempotency key '{0}' was used before for another request."
    fix = "choose a new key for each request, a UUID for example; the same key only to send the very same again."


class IdempotencyKeyInUse(ForesellError):
    problem = "A request with the idempotency key '{0}' is being worked on at this moment."
    fix = "wait a few seconds and send it again with the same key: it is answered as the first was."


class IdempotencyKeyMissing(ForesellError):
    problem = "This call needs the header Idempotency-Key."
    fix = "send one that is new for each request, a UUID for example, and the same one when sending it again."
