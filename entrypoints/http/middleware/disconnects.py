"""Drops the work of clients that have left: what waits for a worker, and what a worker can stop."""

import asyncio

from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send

from application.ports.workers import Client, current_client
from entrypoints.http.middleware.records import NO_CODE, record_of


def drop_abandoned_work(app: ASGIApp) -> ASGIApp:
    """Listens for the client's departure while a request is answered: nobody else does once the body is read."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        connection = _Connection(receive, send, current_client.get() or Client(scope.get("client")))
        former = current_client.set(connection.client)
        try:
            await app(scope, connection.receive, connection.send)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not connection.client.left or (task is not None and task.cancelling()):
                raise
        finally:
            current_client.reset(former)
            _note_departure(scope, connection.client)
            connection.close()
            connection.client.end()

    return answered


def _note_departure(scope: Scope, client: Client) -> None:
    if client.left:
        record = record_of(scope)
        record.left = True
        record.code = NO_CODE  # that of an answer which nobody got, such as that the body ended too early


class _Connection:
    """The client's, during one request."""

    def __init__(self, receive: Receive, send: Send, client: Client) -> None:
        self.client = client
        self._receive = receive
        self._send = send
        self._departure: asyncio.Task[HTTPReceiveMessage] | None = None
        self._complete = False

    async def receive(self) -> HTTPReceiveMessage:
        """The next event; after the body that is the departure, which is waited for in any case."""
        if self._departure is not None:
            return await asyncio.shield(self._departure)
        event = await self._next()
        if event["type"] == "http.request" and not event.get("more_body"):
            self._departure = asyncio.create_task(self._next())
        return event

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on."""
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._complete = True
        await self._send(message)

    def close(self) -> None:
        """Stop listening."""
        if self._departure is not None:
            self._departure.cancel()
            # It ends with an exception, whose traceback has this object: a cycle that would keep the request's body.
            self._departure = None

    async def _next(self) -> HTTPReceiveMessage:
        event: HTTPReceiveMessage = await self._receive()  # type: ignore[assignment]
        # Servers tell of the end of an answer as of a departure.
        if event["type"] == "http.disconnect" and not self._complete:
            self.client.leave()
        return event
