"""asyncpg: always prepared, always binary, with its own introspection of types."""

import asyncio
import contextlib

import asyncpg
import pytest
from cases import ERRORS, LINES, ORACLE, QUERIES, SERVER, SLOW, TPCH, same_rows


@contextlib.asynccontextmanager
async def connected(*targets):
    connections = [await asyncpg.connect(target) for target in targets]
    try:
        yield connections if len(connections) > 1 else connections[0]
    finally:
        for connection in connections:
            await connection.close(timeout=5)


async def ask(connection, sql, parameters=()):
    statement = await connection.prepare(sql)
    columns = [(column.name, column.type.oid, column.type.name) for column in statement.get_attributes()]
    return columns, [tuple(row) for row in await statement.fetch(*parameters)]


async def compare(sql, parameters=(), name=""):
    async with connected(SERVER, ORACLE) as (server, oracle):
        got_columns, got = await ask(server, sql, parameters)
        want_columns, want = await ask(oracle, sql, parameters)
    assert got_columns == want_columns
    same_rows(got, want, name)


@pytest.mark.parametrize("name", TPCH)
def test_tpch(name):
    asyncio.run(compare(TPCH[name], name=name))


@pytest.mark.parametrize("name, sql, parameters", QUERIES, ids=[case[0] for case in QUERIES])
def test_query(name, sql, parameters):
    asyncio.run(compare(sql, parameters))


@pytest.mark.parametrize("sql, state", ERRORS, ids=[case[0] for case in ERRORS])
def test_error(sql, state):
    async def run():
        seen = []
        async with connected(SERVER, ORACLE) as pair:
            for connection in pair:
                with pytest.raises(asyncpg.PostgresError) as caught:
                    await connection.fetch(sql)
                seen.append((caught.value.sqlstate, getattr(caught.value, "position", None)))
        assert seen[0][0] == state
        assert seen[0] == seen[1]

    asyncio.run(run())


def test_cursor():
    async def run():
        async with connected(SERVER, ORACLE) as (server, oracle):
            async with server.transaction():
                got = [tuple(row) async for row in server.cursor(LINES, prefetch=777)]
                cursor = await server.cursor("SELECT n_nationkey FROM nation ORDER BY 1")
                assert [row[0] for row in await cursor.fetch(5)] == [0, 1, 2, 3, 4]
                assert await cursor.forward(5) == 5
                assert (await cursor.fetchrow())[0] == 10
            want = [tuple(row) for row in await oracle.fetch(LINES)]
        same_rows(got, want)

    asyncio.run(run())


def test_parameter_types_are_inferred():
    async def run():
        async with connected(SERVER, ORACLE) as pair:
            seen = []
            for connection in pair:
                statement = await connection.prepare(
                    "SELECT count(*) FROM orders WHERE o_orderkey = $1 AND o_orderdate < $2 AND o_totalprice > $3 AND o_clerk = $4"
                )
                seen.append([parameter.oid for parameter in statement.get_parameters()])
            assert seen[0] == seen[1]

    asyncio.run(run())


def test_copy_from_query():
    async def run():
        blocks = [[], []]
        async with connected(SERVER, ORACLE) as pair:
            for place, connection in enumerate(pair):

                async def keep(block, place=place):
                    blocks[place].append(bytes(block))

                await connection.copy_from_query(LINES, output=keep, format="binary")
        assert b"".join(blocks[0]) == b"".join(blocks[1])

    asyncio.run(run())


def test_timeout_cancels():
    async def run():
        async with connected(SERVER) as server:
            with pytest.raises(asyncio.TimeoutError):
                await server.fetch(SLOW, timeout=0.5)
            assert await server.fetchval("SELECT 1") == 1

    asyncio.run(run())


def test_transactions():
    async def run():
        async with connected(SERVER) as server:
            async with server.transaction(isolation="repeatable_read", readonly=True):
                assert await server.fetchval("SELECT 1") == 1
                with pytest.raises(asyncpg.UndefinedTableError):
                    async with server.transaction():
                        await server.fetch("SELECT * FROM nope")
                assert await server.fetchval("SELECT 2") == 2
            await server.reset()
            assert server.get_server_version().major == 15

    asyncio.run(run())


def test_pool_of_sessions():
    async def run():
        async with asyncpg.create_pool(SERVER, min_size=4, max_size=4) as pool:
            answers = await asyncio.gather(*(pool.fetchval("SELECT $1::int8 + 1", n) for n in range(100)))
            assert answers == list(range(1, 101))

    asyncio.run(run())
