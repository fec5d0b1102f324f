"""What does a caller learn whose request takes too long, is too much, or is no HTTP that can be read?"""

from features.errors import ForesellError
from serving.problems.errors import BodyTooLarge


class TooBusy(ForesellError):
    problem = "The service is answering {0} requests already, as many as one worker takes at once."
    fix = "try again as Retry-After says; if it stays so, run more workers (--workers) or another instance."


class OpenBodyTooLarge(BodyTooLarge):
    problem = "The request's body is larger than {0} bytes, as many as are read of someone who is not signed in."
    fix = "send no more than name and password."


class TooManyValues(BodyTooLarge):
    problem = "The request's body holds more than {0} values."
    fix = "send fewer deals or rows in one call."


class TooMuchAtOnce(ForesellError):
    problem = "The service holds {0} bytes of request bodies already, as many as one worker takes at once."
    fix = "try again as Retry-After says, send smaller bodies, or run more workers (--workers)."


class TooManyConnections(ForesellError):
    problem = "The service holds {0} connections already, as many as one worker takes."
    fix = "reuse connections instead of opening new ones, try again as Retry-After says, or run more workers."


class BodyTooSlow(ForesellError):
    problem = "The body of the request did not arrive within {0} seconds."
    fix = "send the request again over a better connection, or in smaller parts; FORESELL_BODY_WAIT sets the limit."


class HeadTooSlow(ForesellError):
    problem = "The head of the request did not arrive within {0} seconds."
    fix = "send the request again; FORESELL_HEAD_WAIT sets the limit."


class HeadTooLarge(ForesellError):
    problem = "The head of the request is larger than {0} bytes."
    fix = "send fewer or shorter headers, or a shorter address."


class TooManyHeaders(ForesellError):
    problem = "The request has more than {0} headers."
    fix = "send fewer headers."


class NotHttp(ForesellError):
    problem = "The request is not HTTP that can be read."
    fix = "check that Content-Length is right, that chunks are well formed, and that nobody speaks TLS to this port."


class TookTooLong(ForesellError):
    problem = "The request was given up after {0} seconds."
    fix = (
        "send fewer rows in one call, or try again when the service is less busy; FORESELL_REQUEST_MOST sets the limit."
    )


class Stopping(ForesellError):
    problem = "The service is being stopped and could not end this request in time."
    fix = "send it again as Retry-After says; another instance, or this one when it is back, will answer."


class EncodingNotAccepted(ForesellError):
    problem = "The body was sent with the content encoding '{0}'."
    fix = "send it as it is, without Content-Encoding: compressed bodies are not read."
