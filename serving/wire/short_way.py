"""How is a score answered in microseconds? Without a framework where nothing is unusual; else by the long way.

Raw ASGI in front of the routes for scores: where the key is known, the body is plain and everything fits, the answer is
computed here, by the same `ScoreBook`. In every other case the request goes on to the routes as if nothing had been
looked at; they know the exact words for a fault. Both ways give the same bytes.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

from msgspec import MsgspecError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.errors import ForesellError
from serving.access.gate import Gate
from serving.access.keys import Scope as KeyScope
from serving.champion import Model
from serving.language import Language, preferred
from serving.questions.asked import READ_CUSTOMER, READ_CUSTOMERS, READ_DEAL, READ_DEALS, CustomersAsked, DealsAsked
from serving.scores.scorebook import Asker, ScoreBook
from serving.settings import ServingSettings

Ways = dict[str, tuple[Model, Callable[[bytes], DealsAsked | CustomersAsked], Callable[[Any], Any]]]
WAYS: Ways = {
    "/v1/scores/deals": ("win", READ_DEALS, READ_DEAL),
    "/v1/scores/customers": ("churn", READ_CUSTOMERS, READ_CUSTOMER),
}
PLAIN_JSON = frozenset({b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"})
KNOWN = frozenset({b"authorization", b"content-type", b"accept-language"})


class ShortWay:
    """ASGI middleware, inside what surrounds every request and in front of the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        way = WAYS.get(scope["path"]) if scope["type"] == "http" else None
        if way is None or scope["method"] != "POST" or scope["query_string"]:
            await self.app(scope, receive, send)
            return
        named: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name in KNOWN:
                # A header that comes twice is for the long way.
                named[name] = b"" if name in named else value
        state = scope["app"].state
        about = scope.setdefault("state", {})
        caller = about.get("caller")
        if caller is None and named.get(b"content-type", b"").lower() in PLAIN_JSON and b"authorization" in named:
            caller = cast(Gate, state.gate).quick(named[b"authorization"].decode("latin-1"))
        if caller is None:
            await self.app(scope, receive, send)
            return
        about["caller"], about["key_id"], about["actor"] = caller, caller.key_id, caller.actor
        body, messages = await _read(receive)
        if body is not None and caller.may(KeyScope.SCORE):
            model, read_all, read_one = way
            language = _language(named.get(b"accept-language"), cast(ServingSettings, state.settings).language)
            asker = Asker(caller.actor, caller.reach, str(about.get("request_id", "")))
            book = cast(ScoreBook, state.book)
            try:
                answer = book.at_once(body, language, asker) if model == "win" else None
                if answer is None:
                    asked = read_all(body)
                    subjects = asked.subjects
                    about["deals"] = len(subjects)
                    answer = await book.answer(model, asked, subjects, language, asker, read_one)
                else:
                    about["deals"] = 1
            except (MsgspecError, ForesellError, RecursionError, UnicodeDecodeError):
                # Nothing was answered yet: the long way finds the same, and says it.
                pass
            else:
                await _send(send, answer, language)
                return
        await self.app(scope, _again(messages, receive), send)


async def _read(receive: Receive) -> tuple[bytes | None, list[Message]]:
    """The whole body, None where the caller went away; and the messages it came in."""
    message = await receive()
    messages = [message]
    if message["type"] == "http.request" and not message.get("more_body", False):
        return message.get("body", b""), messages
    while message["type"] == "http.request" and message.get("more_body", False):
        message = await receive()
        messages.append(message)
    if message["type"] != "http.request":
        return None, messages
    return b"".join(one.get("body", b"") for one in messages), messages


def _again(messages: Sequence[Message], receive: Receive) -> Receive:
    """The same messages once more, then what else comes."""
    left = list(reversed(messages))

    async def replayed() -> Message:
        return left.pop() if left else await receive()

    return replayed


async def _send(send: Send, answer: bytes, language: Language) -> None:
    headers = [
        (b"content-language", language.encode()),
        (b"content-length", b"%d" % len(answer)),
        (b"content-type", b"application/json"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def _language(accepted: bytes | None, otherwise: Language) -> Language:
    return otherwise if accepted is None else preferred(accepted.decode("latin-1"), otherwise)
