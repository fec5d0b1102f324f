"""The client for programs that do other things meanwhile: `async with AsyncForesell(address, key=...) as foresell`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Self, cast

import httpx

from serving.client.answers import (
    CustomerListed,
    CustomerOnRecord,
    CustomerScores,
    CustomersListed,
    DealListed,
    DealOnRecord,
    DealScores,
    DealsListed,
    EventsAccepted,
    ModelsServed,
    Readiness,
)
from serving.client.attempts import Attempts, headers_of
from serving.client.calls import (
    PAGE_ROWS,
    Asked,
    Call,
    Language,
    Moment,
    Params,
    any_call,
    at,
    event_calls,
    events_together,
    read_call,
    score_calls,
    together,
)
from serving.client.retries import Retries


class AsyncForesell:
    """The service at an address, as `Foresell` with `await`. Close it with `aclose`, or use it in an `async with`."""

    def __init__(
        self,
        address: str,
        key: str | None = None,
        *,
        language: Language | None = None,
        timeout: float = 30.0,
        retries: Retries | None = None,
        http: httpx.AsyncClient | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.address = address.rstrip("/")
        self._retries, self._pause = retries or Retries(), pause
        self._headers = headers_of(key, language)
        self._owned = http is None
        self._http = http or httpx.AsyncClient(timeout=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        if self._owned:
            await self._http.aclose()

    async def score_deals(
        self,
        deals: Iterable[Asked],
        *,
        horizons: Sequence[float] | None = None,
        dates: Sequence[date | str] | None = None,
        reasons: int | None = None,
        as_of: Moment | None = None,
        language: Language | None = None,
    ) -> DealScores:
        """The chance that deals are won, in their order.

        A deal is an id, or a mapping: `{"record": {...}}`, `{"features": {...}}` or `what_if("D-1", amount=1)`. More
        than 1,000 are asked in several calls; what they do not all say is None then, and each score says its own. A
        deal without a score has `error`. Raises NotAccepted, NotAllowed, Busy, NoAnswer ...
        """
        calls = score_calls("deal", deals, horizons, dates, reasons, as_of, language)
        return cast(DealScores, together([await self._send(call) for call in calls], DealScores))

    async def score_customers(
        self,
        customers: Iterable[Asked],
        *,
        horizons: Sequence[float] | None = None,
        dates: Sequence[date | str] | None = None,
        reasons: int | None = None,
        as_of: Moment | None = None,
        language: Language | None = None,
    ) -> CustomerScores:
        """The chance that customers leave or fall silent, in their order; asked and raised as for deals."""
        calls = score_calls("customer", customers, horizons, dates, reasons, as_of, language)
        return cast(CustomerScores, together([await self._send(call) for call in calls], CustomerScores))

    async def send_events(self, events: Iterable[Mapping[str, Any]], key: str | None = None) -> EventsAccepted:
        """Rows of the history as they happen: `{"table": "activities", "row": {...}}`; kept once this returns.

        Each call carries an Idempotency-Key, so that a repeated one is counted once. With a `key` of your own the same
        events may be sent again after a crash of yours. Raises NotAccepted, whose `problem` names the fields at fault:
        then nothing of that call (of up to 1,000) was kept.
        """
        answers = [cast(EventsAccepted, await self._send(call)) for call in event_calls(events, key)]
        return events_together(answers)

    async def deals(self, **wanted: object) -> DealsListed:
        """A page of deals with their latest scores. Filters, order and page as in docs/api.md: `stage=["Offer"]`."""
        return cast(DealsListed, await self._send(read_call("/v1/deals", wanted)))

    async def customers(self, **wanted: object) -> CustomersListed:
        """A page of customers with their latest scores."""
        return cast(CustomersListed, await self._send(read_call("/v1/customers", wanted)))

    async def every_deal(self, **wanted: object) -> AsyncIterator[DealListed]:
        """All deals that the filters leave, page by page."""
        cursor: str | None = None
        while True:
            page = await self.deals(**{"limit": PAGE_ROWS, **wanted, "cursor": cursor})
            for deal in page["deals"]:
                yield deal
            cursor = page["next"]
            if cursor is None:
                return

    async def every_customer(self, **wanted: object) -> AsyncIterator[CustomerListed]:
        """All customers that the filters leave, page by page."""
        cursor: str | None = None
        while True:
            page = await self.customers(**{"limit": PAGE_ROWS, **wanted, "cursor": cursor})
            for customer in page["customers"]:
                yield customer
            cursor = page["next"]
            if cursor is None:
                return

    async def deal(self, deal_id: str, language: Language | None = None) -> DealOnRecord:
        """A deal as last recorded, and its score now. Raises NotFound."""
        return cast(DealOnRecord, await self._send(read_call(at("/v1/deals", deal_id), language=language)))

    async def customer(self, customer_id: str, language: Language | None = None) -> CustomerOnRecord:
        """A customer as last recorded, and its score now. Raises NotFound."""
        call = read_call(at("/v1/customers", customer_id), language=language)
        return cast(CustomerOnRecord, await self._send(call))

    async def models(self) -> ModelsServed:
        """Which models answer, what they stand on, how good they were."""
        return cast(ModelsServed, await self._send(read_call("/v1/models")))

    async def readiness(self) -> Readiness:
        """Whether scores can be answered, and what stands in the way; of a service that is not ready too."""
        return cast(Readiness, await self._send(read_call("/readyz"), welcome=(503,)))

    async def request(
        self,
        method: str,
        path: str,
        body: object | None = None,
        params: Params | None = None,
        key: str | None = None,
    ) -> Any:
        """Any other call: the answer's JSON. A write carries an Idempotency-Key, the `key` if one is given."""
        return await self._send(any_call(method, path, body, params, key))

    async def _send(self, call: Call, welcome: tuple[int, ...] = ()) -> Any:
        attempts = Attempts(call, self._retries, self.address, welcome)
        while True:
            try:
                response = await self._http.request(
                    call.method,
                    self.address + call.path,
                    params=call.params,  # type: ignore[arg-type]
                    content=call.content,
                    headers={**self._headers, **call.headers},
                )
            except (httpx.TransportError, httpx.InvalidURL) as failure:
                await self._pause(attempts.no_answer(failure))
                continue
            seconds = attempts.answered(response)
            if seconds is None:
                return attempts.read(response)
            await self._pause(seconds)
