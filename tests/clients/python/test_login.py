"""Roles, passwords, encryption and rules, as libpq and asyncpg meet them. Each test has servers of its own."""

import asyncio
import shutil
import signal
import time

import asyncpg
import psycopg
import pytest
from servers import BINARY, Site

pytestmark = pytest.mark.skipif(not BINARY or not shutil.which("openssl"), reason="no FOREBAY_TEST_BINARY or no openssl")


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def login(place, **more):
    with psycopg.connect(**{**place, **more}) as connection:
        return connection.execute("SELECT current_user::text").fetchone()[0], connection.pgconn.ssl_in_use


def refusal(place, **more):
    with pytest.raises(psycopg.OperationalError) as caught:
        login(place, **more)
    return str(caught.value)


def test_without_roles_loopback_is_trusted(site):
    with site.serve() as place:
        assert login(place, user="forebay")[0] == "forebay"
        assert "does not exist" in refusal(place, user="somebody") or "failed" in refusal(place, user="somebody")


def test_password(site):
    site.role("ann", "--superuser", password="opensesame")
    with site.serve() as place:
        assert login(place, user="ann", password="opensesame")[0] == "ann"
        assert 'password authentication failed for user "ann"' in refusal(place, user="ann", password="wrong")
        assert 'password authentication failed for user "bob"' in refusal(place, user="bob", password="wrong")
        assert "password" in refusal(place, user="ann")
        assert "failed" in refusal(place, user="forebay", password="")
    assert "opensesame" not in site.log.read_text()


def test_password_survives_a_restart(site):
    site.role("ann", password="opensesame")
    for _ in range(2):
        with site.serve() as place:
            assert login(place, user="ann", password="opensesame")[0] == "ann"


@pytest.mark.parametrize(
    "more",
    [
        dict(sslmode="require"),
        dict(sslmode="verify-full"),
        dict(sslmode="require", channel_binding="require"),
        dict(sslmode="require", channel_binding="disable"),
        dict(sslmode="require", sslnegotiation="direct"),
        dict(sslmode="require", ssl_min_protocol_version="TLSv1.3"),
        dict(sslmode="require", ssl_max_protocol_version="TLSv1.2"),
    ],
    ids=str,
)
def test_encryption(site, more):
    site.role("ann", password="opensesame")
    flags = site.certificate()
    with site.serve(*flags) as place:
        if more["sslmode"] == "verify-full":
            more = {**more, "sslrootcert": flags[1]}
        user, encrypted = login(place, user="ann", password="opensesame", **more)
        assert user == "ann"
        assert encrypted


def test_encryption_that_cannot_be_set_up_stops_the_start(site):
    flags = site.certificate()
    (site.path / "server.key").write_text("nonsense")
    with pytest.raises(AssertionError, match="not ready"):
        with site.serve(*flags):
            pass
    assert "server.key" in site.log.read_text()


def test_a_hangup_takes_the_new_certificate(site):
    site.role("ann", password="opensesame")
    flags = site.certificate()
    with site.serve(*flags) as place:
        login(place, user="ann", password="opensesame", sslmode="verify-full", sslrootcert=flags[1])
        site.certificate()
        site.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while True:
            try:
                login(place, user="ann", password="opensesame", sslmode="verify-full", sslrootcert=flags[1])
                break
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                time.sleep(0.1)


def test_rules_are_first_match(site):
    site.role("ann", password="opensesame")
    site.role("bob", password="opensesame")
    flags = site.certificate()
    rules = """
[[rule]]
connection = "hostssl"
user = ["ann"]
address = "127.0.0.0/8"
method = "scram-sha-256"

[[rule]]
connection = "host"
user = ["bob"]
address = "loopback"
method = "reject"
"""
    with site.serve(*flags, rules=rules) as place:
        assert login(place, user="ann", password="opensesame", sslmode="require")[0] == "ann"
        for more in (dict(user="ann", sslmode="disable"), dict(user="bob", sslmode="require"), dict(user="eve", sslmode="require")):
            with pytest.raises(psycopg.OperationalError) as caught:
                login(place, password="opensesame", **more)
            assert "pg_hba" in str(caught.value) or "reject" in str(caught.value) or "no rule" in str(caught.value), caught.value


def test_roles_through_sql(site):
    site.role("root", "--superuser", password="opensesame")
    with site.serve() as place:
        with psycopg.connect(**place, user="root", password="opensesame", autocommit=True) as admin:
            admin.execute("CREATE ROLE ann LOGIN PASSWORD 'first'")
            assert "permission denied" in denied(place, "ann", "first", "SELECT count(*) FROM tpch.region")
            admin.execute("GRANT USAGE ON SCHEMA tpch TO ann")
            admin.execute("GRANT SELECT ON tpch.region TO ann")
            with psycopg.connect(**place, user="ann", password="first", autocommit=True) as ann:
                assert ann.execute("SELECT count(*) FROM tpch.region").fetchone() == (5,)
                ann.execute("PREPARE p AS SELECT count(*) FROM tpch.region")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    ann.execute("SELECT count(*) FROM tpch.nation")
                admin.execute("REVOKE SELECT ON tpch.region FROM ann")
                for sql in ("SELECT count(*) FROM tpch.region", "EXECUTE p"):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        ann.execute(sql)
            admin.execute("ALTER ROLE ann PASSWORD 'second'")
            assert "failed" in refusal(place, user="ann", password="first")
            assert login(place, user="ann", password="second")[0] == "ann"
            admin.execute("ALTER ROLE ann VALID UNTIL '2020-01-01'")
            assert "failed" in refusal(place, user="ann", password="second")
            admin.execute("ALTER ROLE ann VALID UNTIL 'infinity' NOLOGIN")
            assert "not permitted to log in" in refusal(place, user="ann", password="second")
            admin.execute("REVOKE ALL ON SCHEMA tpch FROM ann")
            admin.execute("DROP ROLE ann")
            assert "failed" in refusal(place, user="ann", password="second")
    log = site.log.read_text()
    assert "first'" not in log and "second'" not in log


def denied(place, user, password, sql):
    with psycopg.connect(**place, user=user, password=password, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
            connection.execute(sql)
    return str(caught.value)


def test_guesses_are_limited_before_any_hashing(site):
    site.role("ann", password="opensesame")
    with site.serve("--wire-max-attempts-per-minute", "5") as place:
        told = [refusal(place, user="ann", password=f"guess {n}") for n in range(10)]
        assert "password authentication failed" in told[0]
        assert any("password authentication failed" not in text for text in told[5:]), told[-1]


def test_asyncpg_with_password(site):
    site.role("ann", password="opensesame")

    async def run(place):
        connection = await asyncpg.connect(host=place["host"], port=int(place["port"]), user="ann", password="opensesame", database="tpch")
        assert await connection.fetchval("SELECT current_user") == "ann"
        await connection.close()

    with site.serve() as place:
        asyncio.run(run(place))
