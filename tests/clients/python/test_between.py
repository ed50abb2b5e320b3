"""What sessions do to each other: notifications, advisory locks, LOCK TABLE, stopping one another. Every test runs against
PostgreSQL too, which must pass it as well."""

import contextlib
import threading
import time

import psycopg
import pytest
from cases import ORACLE, SERVER

# Long enough for a busy machine; only a failure waits for it.
WAIT_SECONDS = 20


@pytest.fixture(params=[SERVER, ORACLE], ids=["forebay", "postgres"])
def connect(request):
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(psycopg.connect(request.param, autocommit=True))


def one(connection, sql, parameters=()):
    return connection.execute(sql, parameters).fetchone()[0]


def received(connection, count=1):
    got = [(n.channel, n.payload, n.pid) for n in connection.notifies(timeout=WAIT_SECONDS, stop_after=count)]
    assert len(got) == count
    return got


def nothing_more(connection):
    """Whatever was sent before is answered before this."""
    connection.execute("SELECT 1")
    assert not list(connection.notifies(timeout=0.05))


def test_a_notification_reaches_an_idle_listener(connect):
    listener, sender = connect(), connect()
    listener.execute("LISTEN news")
    listener.execute('LISTEN "Other"')
    sender.execute("NOTIFY news, 'it''s'")
    sender.execute('NOTIFY "Other"')
    sender.execute("NOTIFY nobody, 'x'")
    pid = sender.info.backend_pid
    assert received(listener, 2) == [("news", "it's", pid), ("Other", "", pid)]
    nothing_more(listener)


def test_notifications_are_sent_once_at_commit(connect):
    listener, sender = connect(), connect()
    listener.execute("LISTEN c")
    with sender.transaction():
        for payload in ("a", "b", "a"):
            sender.execute("SELECT pg_notify(%s, %s)", ("c", payload))
        nothing_more(listener)
    assert [payload for _, payload, _ in received(listener, 2)] == ["a", "b"]
    nothing_more(listener)


def test_rollbacks_take_notifications_back(connect):
    listener, sender = connect(), connect()
    listener.execute("LISTEN c")
    with contextlib.suppress(psycopg.Rollback), sender.transaction():
        sender.execute("NOTIFY c, 'never'")
        raise psycopg.Rollback
    with sender.transaction():
        sender.execute("NOTIFY c, 'first'")
        with contextlib.suppress(psycopg.Rollback), sender.transaction():
            sender.execute("NOTIFY c, 'never'")
            raise psycopg.Rollback
        sender.execute("NOTIFY c, 'last'")
    assert [payload for _, payload, _ in received(listener, 2)] == ["first", "last"]


def test_a_transaction_takes_no_notification_before_its_end(connect):
    listener, sender = connect(), connect()
    listener.execute("LISTEN c")
    with listener.transaction():
        listener.execute("SELECT 1")
        sender.execute("NOTIFY c, 'x'")
        nothing_more(listener)
    assert [payload for _, payload, _ in received(listener)] == ["x"]


def test_listening_begins_and_ends(connect):
    connection = connect()
    assert connection.execute("SELECT pg_listening_channels()").fetchall() == []
    with contextlib.suppress(psycopg.Rollback), connection.transaction():
        connection.execute("LISTEN never")
        raise psycopg.Rollback
    with connection.transaction():
        connection.execute("NOTIFY own, 'heard'")
        connection.execute("LISTEN own")
    assert [payload for _, payload, _ in received(connection)] == ["heard"]
    assert connection.execute("SELECT pg_listening_channels()").fetchall() == [("own",)]
    connection.execute("UNLISTEN never")
    connection.execute("UNLISTEN own")
    connection.execute("NOTIFY own")
    nothing_more(connection)
    connection.execute("LISTEN own")
    connection.execute("UNLISTEN *")
    connection.execute("LISTEN own")
    connection.execute("DISCARD ALL")
    connection.execute("NOTIFY own")
    nothing_more(connection)


@pytest.mark.parametrize(
    "channel, payload, words",
    [
        ("", "", "channel name cannot be empty"),
        ("c" * 64, "", "channel name too long"),
        ("c", "x" * 8000, "payload string too long"),
    ],
)
def test_a_notification_that_cannot_be_sent(connect, channel, payload, words):
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=words):
        connect().execute("SELECT pg_notify(%s, %s)", (channel, payload))


def test_advisory_locks_exclude(connect):
    first, second = connect(), connect()
    first.execute("SELECT pg_advisory_lock(71)")
    assert one(first, "SELECT pg_try_advisory_lock(71)")
    assert not one(second, "SELECT pg_try_advisory_lock(71)")
    assert not one(second, "SELECT pg_try_advisory_lock_shared(71)")
    assert one(second, "SELECT pg_try_advisory_lock(0, 71)")
    assert one(first, "SELECT pg_advisory_unlock(71)")
    assert not one(second, "SELECT pg_try_advisory_lock(71)")
    assert one(first, "SELECT pg_advisory_unlock(%s)", (71,))
    assert one(second, "SELECT pg_try_advisory_lock_shared(71) AS got")
    assert one(first, "SELECT pg_try_advisory_lock_shared(71)")
    assert not one(first, "SELECT pg_try_advisory_lock(71)")
    notices = []
    first.add_notice_handler(lambda notice: notices.append((notice.severity, notice.message_primary)))
    assert not one(first, "SELECT pg_advisory_unlock(71)")
    assert notices == [("WARNING", "you don't own a lock of type ExclusiveLock")]
    first.execute("SELECT pg_advisory_unlock_all()")
    second.execute("SELECT pg_advisory_unlock_all()")
    assert one(first, "SELECT pg_try_advisory_lock(71)")
    assert one(first, "SELECT pg_advisory_unlock(NULL::int8)") is None


def test_advisory_locks_end_with_their_transaction_and_session(connect):
    first, second = connect(), connect()
    with first.transaction():
        first.execute("SELECT pg_advisory_xact_lock(72)")
        with contextlib.suppress(psycopg.Rollback), first.transaction():
            assert one(first, "SELECT pg_try_advisory_xact_lock(73)")
            assert not one(second, "SELECT pg_try_advisory_lock(73)")
            raise psycopg.Rollback
        assert one(second, "SELECT pg_try_advisory_lock(73)")
        assert not one(second, "SELECT pg_try_advisory_lock(72)")
    assert one(second, "SELECT pg_try_advisory_lock(72)")
    # Outside of a block a lock of the transaction ends at once.
    first.execute("SELECT pg_advisory_xact_lock(74)")
    assert one(second, "SELECT pg_try_advisory_lock(74)")
    second.close()
    first.execute("SELECT pg_advisory_lock(74)")


def test_a_lock_of_the_transaction_is_not_given_back_before_its_end(connect):
    first, second = connect(), connect()
    with first.transaction():
        first.execute("SELECT pg_advisory_xact_lock(78)")
        assert not one(first, "SELECT pg_advisory_unlock(78)")
        first.execute("SELECT pg_advisory_lock(78)")
        assert one(first, "SELECT pg_advisory_unlock(78)")
        first.execute("SELECT pg_advisory_unlock_all()")
        assert not one(second, "SELECT pg_try_advisory_lock(78)")
    assert one(second, "SELECT pg_try_advisory_lock(78)")


def test_waiting_for_an_advisory_lock(connect):
    first, second = connect(), connect()
    first.execute("SELECT pg_advisory_lock(75)")
    second.execute("SET lock_timeout = '50ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable, match="canceling statement due to lock timeout"):
        second.execute("SELECT pg_advisory_lock(75)")
    second.execute("SET lock_timeout = 0")
    second.execute("SET statement_timeout = '50ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        second.execute("SELECT pg_advisory_lock(75)")
    second.execute("SET statement_timeout = 0")
    waiter = threading.Thread(target=second.execute, args=("SELECT pg_advisory_lock(75)",))
    waiter.start()
    waiter.join(0.2)
    assert waiter.is_alive()
    first.execute("SELECT pg_advisory_unlock(75)")
    waiter.join(WAIT_SECONDS)
    assert not waiter.is_alive()
    assert not one(first, "SELECT pg_try_advisory_lock(75)")


def test_a_circle_of_waiting_is_refused(connect):
    first, second = connect(), connect()
    first.execute("SELECT pg_advisory_lock(76)")
    second.execute("SELECT pg_advisory_lock(77)")
    states = []

    def lock(connection, key):
        try:
            connection.execute("SELECT pg_advisory_lock(%s)", (key,))
            states.append("taken")
        except psycopg.Error as error:
            states.append(error.sqlstate)
            connection.execute("SELECT pg_advisory_unlock_all()")

    waiters = [threading.Thread(target=lock, args=pair) for pair in ((first, 77), (second, 76))]
    for waiter in waiters:
        waiter.start()
    for waiter in waiters:
        waiter.join(WAIT_SECONDS)
    assert sorted(states) == ["40P01", "taken"]


def test_lock_table(connect):
    connection = connect()
    with pytest.raises(psycopg.errors.NoActiveSqlTransaction, match="LOCK TABLE can only be used in transaction blocks"):
        connection.execute("LOCK TABLE tpch.nation")
    with connection.transaction():
        got = connection.execute("LOCK TABLE tpch.nation, ONLY tpch.region IN ACCESS SHARE MODE NOWAIT")
        assert got.statusmessage == "LOCK TABLE"
        connection.execute("LOCK tpch.nation IN SHARE ROW EXCLUSIVE MODE")
    with pytest.raises(psycopg.errors.UndefinedTable), connection.transaction():
        connection.execute("LOCK TABLE tpch.nosuch IN SHARE MODE")
    with pytest.raises(psycopg.errors.SyntaxError), connection.transaction():
        connection.execute("LOCK TABLE tpch.nation IN NO MODE")


def test_one_session_cancels_another(connect):
    worker, operator = connect(), connect()
    states = []

    def work():
        try:
            worker.execute("SELECT pg_sleep(60)")
        except psycopg.Error as error:
            states.append((error.sqlstate, str(error)))

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + WAIT_SECONDS
    while thread.is_alive() and time.monotonic() < deadline:
        assert one(operator, "SELECT pg_cancel_backend(%s)", (worker.info.backend_pid,))
        thread.join(0.05)
    assert states == [("57014", "canceling statement due to user request")]
    assert one(worker, "SELECT 1") == 1


def test_one_session_ends_another(connect):
    worker, operator = connect(), connect()
    assert one(operator, "SELECT pg_terminate_backend(%s)", (worker.info.backend_pid,))
    with pytest.raises(psycopg.OperationalError, match="terminating connection due to administrator command"):
        for _ in range(100):
            worker.execute("SELECT 1")
            time.sleep(0.05)
    notices = []
    operator.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    assert not one(operator, "SELECT pg_terminate_backend(2147483647)")
    assert notices == ["PID 2147483647 is not a PostgreSQL backend process"]
