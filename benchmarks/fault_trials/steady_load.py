"""What does a CRM ask of the service while something goes wrong, and what was it answered? Five callers, each a thread.

One asks scores by id, one by features, one what-ifs, one sends events (and asks at once whether a score knows them),
one makes API keys. Nothing is tried again behind their backs; an event that was refused, or whose answer did not come,
is sent again under its own name until it is accepted, as a CRM's outbox does.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any

from serving.client import Foresell, NoAnswer, Refused
from serving.client.retries import NO_RETRIES

EACH_CALL = 3
"""Events of a call."""

TIMEOUT = 10.0
NO_ANSWER = "no answer"
KNOWN_WITHIN = 30.0
"""Seconds after which a score must know an accepted event, whatever goes wrong."""


@dataclass
class Tally:
    """What one kind of question was answered, and when it last went wrong."""

    answers: Counter[str] = field(default_factory=Counter)
    failed_at: float = 0.0
    good_at: float = 0.0
    seconds: list[float] = field(default_factory=list)

    @property
    def slowest(self) -> float:
        """Seconds of the slowest answer."""
        return max(self.seconds, default=0.0)

    @property
    def p99(self) -> float:
        """Seconds within which 99 of 100 answers came."""
        return sorted(self.seconds)[len(self.seconds) * 99 // 100] if self.seconds else 0.0

    @property
    def failed(self) -> int:
        """Questions that were not answered as they should be."""
        return sum(count for said, count in self.answers.items() if not said.startswith("20"))


class SteadyLoad:
    """The callers. `now` is the service's present (naive UTC), `pace` the seconds between two calls of one caller."""

    def __init__(
        self,
        address: str,
        key: str,
        ids: Sequence[str],
        rows: Sequence[Mapping[str, object]],
        pace: float = 0.1,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._address, self._key, self._pace = address, key, pace
        self._ids, self._rows = ids, rows
        self._now = now or (lambda: datetime.now(UTC).replace(tzinfo=None))
        self._lock, self._stop = Lock(), Event()
        self._tallies: dict[str, Tally] = {}
        self._known: dict[int, float] = {}
        self._prefix = f"trial-{random.getrandbits(40):x}"
        self._sent, self._made = 0, 0
        self.accepted: set[str] = set()
        self.waiting: dict[str, list[dict[str, object]]] = {}
        self.keys: set[str] = set()
        self.wrong: Counter[str] = Counter()
        self._threads: list[Thread] = []

    def start(self) -> None:
        """Begin to ask."""
        for ask in (self._by_id, self._by_features, self._what_if, self._events, self._keys):
            self._threads.append(Thread(target=self._keep_asking, args=(ask,), daemon=True))
            self._threads[-1].start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        for thread in self._threads:
            thread.join(TIMEOUT + 5)

    def take(self) -> dict[str, Tally]:
        """What was answered since the last time."""
        with self._lock:
            found, self._tallies = self._tallies, {}
        return found

    def last_failure(self) -> float:
        """When anything last went wrong, in seconds of `time.monotonic`."""
        with self._lock:
            return max((tally.failed_at for tally in self._tallies.values()), default=0.0)

    def answered_since(self, moment: float) -> set[str]:
        """The kinds of questions that were answered well after a moment and have not failed since."""
        with self._lock:
            return {kind for kind, tally in self._tallies.items() if tally.failed_at <= moment < tally.good_at}

    def _keep_asking(self, ask: Callable[[Foresell], None]) -> None:
        while not self._stop.is_set():
            # A new connection now and then, so that callers meet each worker.
            with Foresell(self._address, self._key, timeout=TIMEOUT, retries=NO_RETRIES) as client:
                for _ in range(10):
                    if self._stop.is_set():
                        return
                    ask(client)
                    self._stop.wait(self._pace)

    def _by_id(self, client: Foresell) -> None:
        some = [random.choice(self._ids)]
        self._scored("score by id", lambda: client.score_deals(some))

    def _by_features(self, client: Foresell) -> None:
        place = random.randrange(min(len(self._rows), 50))
        found = self._scored("score by features", lambda: client.score_deals([{"features": self._rows[place]}]))
        if found is not None and self._known.setdefault(place, found) != found:
            self.wrong["another score for the same features"] += 1

    def _what_if(self, client: Foresell) -> None:
        asked = {"deal_id": random.choice(self._ids), "changes": {"amount": "120000"}}
        self._scored("what-if", lambda: client.score_deals([asked]))

    def _events(self, client: Foresell) -> None:
        if not self.waiting or random.random() < 0.5:
            self._write_call()
        for name, call in list(self.waiting.items())[:5]:
            before = self._now()
            answer = self._asked("events", "202", lambda c=call, n=name: client.send_events(c, n))  # type: ignore[misc]
            if answer is None:
                return
            del self.waiting[name]
            self.accepted |= {str(one["id"]) for one in call}
            if answer["accepted"]:
                self._must_know(client, str(call[0]["row"]["deal_id"]), before)  # type: ignore[index]

    def _must_know(self, client: Foresell, deal_id: str, before: datetime) -> None:
        """A score after an event was accepted is made of data not older than the event.

        One that could not wait for it says that it is stale, and a later one knows it.
        """
        until = monotonic() + KNOWN_WITHIN
        while not self._stop.is_set():
            found = self._asked("score by id", "200", lambda: client.score_deals([deal_id]))
            if found is None:
                return
            known = datetime.fromisoformat(found["scores"][0]["data_as_of"]).replace(tzinfo=None)
            moved = abs(self._now() - before) > timedelta(seconds=KNOWN_WITHIN + TIMEOUT)
            if known >= before - timedelta(seconds=0.001) or moved:
                return
            if not found["scores"][0]["stale"]:
                self.wrong["a score that did not know an accepted event, and did not say so"] += 1
                return
            if monotonic() > until:
                self.wrong["an accepted event that scores did not come to know"] += 1
                return
            self._stop.wait(self._pace)

    def _write_call(self) -> None:
        call: list[dict[str, object]] = []
        for _ in range(EACH_CALL):
            self._sent += 1
            name = f"{self._prefix}-{self._sent}"
            row = {"activity_id": name, "deal_id": random.choice(self._ids), "type": "call", "direction": "outbound"}
            row["happened_at"] = f"{self._now() - timedelta(minutes=5):%Y-%m-%dT%H:%M:%S}Z"
            call.append({"table": "activities", "row": row, "id": name})
        self.waiting[f"{self._prefix}-call-{self._sent}"] = call

    def _keys(self, client: Foresell) -> None:
        self._made += 1
        asked = {"name": f"{self._prefix}-{self._made}", "scopes": ["score"]}
        found = self._asked("new key", "201", lambda: client.request("POST", "/v1/keys", asked))
        if found is not None:
            self.keys.add(found["key_id"])
        self._stop.wait(10 * self._pace)

    def _scored(self, kind: str, ask: Callable[[], Any]) -> float | None:
        found = self._asked(kind, "200", ask)
        if found is None:
            return None
        score = found["scores"][0]
        if score["error"] is not None or not 0.0 < score["probability"] < 1.0:
            self.wrong[f"{kind}: {score['error'] or score['probability']}"] += 1
        return float(score["probability"])

    def _asked(self, kind: str, good: str, ask: Callable[[], Any]) -> Any:
        began = monotonic()
        found, said = None, good
        try:
            found = ask()
        except NoAnswer:
            said = NO_ANSWER
        except Refused as refused:
            said = f"{refused.status} {refused.kind}"
        ended = monotonic()
        with self._lock:
            tally = self._tallies.setdefault(kind, Tally())
            tally.answers[said] += 1
            tally.seconds.append(ended - began)
            if found is None:
                tally.failed_at = ended
            else:
                tally.good_at = ended
        return found
