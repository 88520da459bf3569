"""A stand-in for the service, to be killed: `hold_server.py DATA_DIR` holds a server until its input ends.

Prints how often it has been started on this data, counted in the database, or the reason why it can't.
"""

import asyncio
import sys
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from adapters.embedded_postgres.server import EmbeddedPostgres
from application.errors import StartupError


def say(answer: object) -> None:
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


async def main() -> None:
    server = EmbeddedPostgres(Path(sys.argv[1]))
    try:
        query = make_url(await server.start()).query
    except StartupError as error:
        say(f"refused: {error}")
        return
    connection = await asyncpg.connect(host=query["host"], port=query["port"], user="face", database="face")
    await connection.execute("CREATE TABLE IF NOT EXISTS start (vector vector)")
    await connection.execute("INSERT INTO start VALUES ('[1, 2]')")
    say(await connection.fetchval("SELECT count(*) FROM start"))
    await connection.close()
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
