"""How connections of the listener are set up."""

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from reminderd.web.serving import _Connection, _Crowd


def test_an_answer_is_sent_at_once_on_a_connection_that_is_kept_open() -> None:
    async def main() -> None:
        crowd, config = _Crowd(), uvicorn.Config(nothing, ws="none", lifespan="off")
        config.load()
        made: list[_Connection] = []

        def connection() -> _Connection:
            made.append(_Connection(crowd, config=config, server_state=ServerState(), app_state={}))
            return made[0]

        with socket.socket() as listening:  # as the listener's own, and as systemd hands one over: without a protocol
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            server = await asyncio.get_running_loop().create_server(connection, sock=listening)
            _, writer = await asyncio.open_connection(*listening.getsockname())
            async with asyncio.timeout(10):
                while not made or made[0].transport is None:
                    await asyncio.sleep(0)
            accepted = made[0].transport.get_extra_info("socket")
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            writer.close()
            crowd.end()
            server.close()
            await server.wait_closed()

    asyncio.run(main())


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """An application that is never asked."""
