"""What the benches share: Forebay and a PostgreSQL beside it, the client, and the table of ratios.

Only the standard library and PostgreSQL's own programs are used. Both servers get the same rows: Forebay's demo,
copied into PostgreSQL over the wire. Everything lives in one temporary directory that is removed at the end.
"""

import argparse
import contextlib
import glob
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
START_SECONDS_MAX = 120
TABLES = {
    "orders": "o_orderkey int8, o_custkey int8, o_orderstatus text, o_totalprice numeric(15,2), o_orderdate date,"
    " o_orderpriority text, o_clerk text, o_shippriority int4, o_comment text",
    "lineitem": "l_orderkey int8, l_partkey int8, l_suppkey int8, l_linenumber int4, l_quantity numeric(15,2),"
    " l_extendedprice numeric(15,2), l_discount numeric(15,2), l_tax numeric(15,2), l_returnflag text,"
    " l_linestatus text, l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct text,"
    " l_shipmode text, l_comment text",
}


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--scale", default="0.1", help="scale of TPC-H (default 0.1)")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds; medians are shown (default 5)")
    parser.add_argument("--forebay", help="the program to measure (default: built from this tree, release profile)")
    parser.add_argument("--profile", default="release", help="cargo profile to build with (default release)")
    parser.add_argument("--keep", action="store_true", help="keep the temporary directory")
    parser.add_argument("--root", help="a directory that `forebay demo` made or may make (default: temporary)")
    return parser


class Server:
    """Where a server listens, and the process to look at for memory."""

    def __init__(self, name, port, process, user, database):
        self.name, self.port, self.process, self.user, self.database = name, port, process, user, database

    def address(self):
        return ["--host", "127.0.0.1", "--port", str(self.port), "--user", self.user, "--database", self.database]

    def psql(self, sql, **options):
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port)]
        command += ["-U", self.user, "-d", self.database, "-c", sql]
        return subprocess.run(command, check=True, text=True, capture_output=True, **options).stdout.strip()

    def memory_kib(self, kind="Pss"):
        """Memory of the process and its children; shared pages count once over all of them."""
        total, waiting = 0, [self.process.pid]
        while waiting:
            pid = waiting.pop()
            with contextlib.suppress(OSError, ValueError):
                for line in open(f"/proc/{pid}/smaps_rollup"):
                    if line.startswith(kind + ":"):
                        total += int(line.split()[1])
                for task in os.listdir(f"/proc/{pid}/task"):
                    waiting += map(int, open(f"/proc/{pid}/task/{task}/children").read().split())
        return total


@contextlib.contextmanager
def placed(client_core, server, server_core):
    """Keeps the client (what this process starts) on one core and the server on one core while the block runs.

    A wake-up on the same core is several times as cheap as one across cores, and a scheduler settles on either by
    luck: without this the smallest statement measures which server was the luckier.
    """
    def threads():
        waiting = [server.process.pid]
        while waiting:
            pid = waiting.pop()
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    yield int(task)
                    waiting += map(int, open(f"/proc/{pid}/task/{task}/children").read().split())

    def keep(task, cores):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(task, cores)

    before = os.sched_getaffinity(0)
    try:
        for task in threads():
            keep(task, {server_core})
        os.sched_setaffinity(0, {client_core})
        yield
    finally:
        os.sched_setaffinity(0, before)
        for task in threads():
            keep(task, before)


class Growth:
    """Peak growth of a server's own memory (anonymous pages) while the block runs."""

    def __init__(self, server):
        self.server, self.peak, self.stop = server, 0, threading.Event()

    def __enter__(self):
        self.before = self.peak = self.server.memory_kib("Pss_Anon")
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
        return self

    def watch(self):
        while not self.stop.wait(0.1):
            self.peak = max(self.peak, self.server.memory_kib("Pss_Anon"))

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def mib(self):
        return (self.peak - self.before) / 1024


def pgbench():
    """The program beside PostgreSQL's others, where it is not on the path."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return str(found[-1]) if found else "pgbench"


def per_second(server, script, connections, mode, seconds):
    """Statements per second, without the time it takes to connect."""
    done = subprocess.run(
        [pgbench(), "-n", "-h", "127.0.0.1", "-p", str(server.port), "-U", server.user, "-f", script, "-M", mode,
         "-c", str(connections), "-j", str(min(connections, len(os.sched_getaffinity(0)))), "-T", str(seconds),
         server.database],
        text=True, capture_output=True, env={**os.environ, "PGOPTIONS": "-c search_path=public"})
    rate = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    failed = re.search(r"^number of failed transactions: ([1-9][0-9]*)", done.stdout, re.MULTILINE)
    if done.returncode or failed or not rate:
        raise RuntimeError(f"{server.name}: {done.stderr.strip() or done.stdout.strip()}")
    return float(rate.group(1))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def build(options):
    """Builds Forebay (unless one is given) and the client; returns both paths."""
    cargo = ["cargo", "build", "--quiet", "--profile", options.profile, "--bin", "forebay"]
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    program = options.forebay
    if not program:
        subprocess.run(cargo, check=True, cwd=REPOSITORY)
        program = target / options.profile / "forebay"
    # The client needs nothing but the standard library: rustc alone builds it in seconds.
    client = target / "bench-wire"
    source = REPOSITORY / "benches" / "wire.rs"
    if not client.exists() or client.stat().st_mtime < source.stat().st_mtime:
        target.mkdir(parents=True, exist_ok=True)
        subprocess.run(["rustc", "--edition", "2024", "-O", source, "-o", client], check=True)
    return str(program), str(client)


def wire(client, command, server, **options):
    """Runs the client to its end; its numbers as a dictionary."""
    command = [client, command, *server.address()]
    for key, value in options.items():
        command += [f"--{key}", str(value)]
    done = subprocess.run(command, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"{server.name}: {done.stderr.strip()}")
    return {key: float(value) for key, value in (pair.split("=") for pair in done.stdout.split())}


@contextlib.contextmanager
def both(options):
    """Starts both servers; yields the client's path, Forebay, PostgreSQL and the source root."""
    program, client = build(options)
    place = pathlib.Path(tempfile.mkdtemp(prefix="forebay-bench-"))
    place.chmod(0o755)
    running = []
    try:
        root = pathlib.Path(options.root) if options.root else place / "demo"
        forebay = start_forebay(program, root, place, options, running)
        postgres = start_postgres(place, running)
        yield client, forebay, postgres, root
    finally:
        for process in reversed(running):
            process.send_signal(signal.SIGINT)
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)
            if process.poll() is None:
                process.kill()
        if options.keep:
            print(f"kept: {place}")
        else:
            shutil.rmtree(place, ignore_errors=True)


def start_forebay(program, root, place, options, running):
    subprocess.run([program, "demo", "--prepare", "--root", root, "--scale", options.scale], check=True,
                   stdout=subprocess.DEVNULL)
    log = open(place / "forebay.log", "w")
    process = subprocess.Popen(
        [program, "serve", "--source", root, "--state", place / "state", "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE, stderr=log, text=True)
    running.append(process)
    for line in process.stdout:
        if line.startswith("forebay: ready, postgres on "):
            port = int(line.strip().rsplit(":", 1)[1])
            # Keep the pipe empty, whatever else is printed.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            server = Server("forebay", port, process, "forebay", "tpch")
            wait_for(server, process, 'SELECT count(*) FROM "tpch@2026-01-01".orders, "tpch@2026-02-01".region')
            return server
    raise RuntimeError("forebay did not start: " + (place / "forebay.log").read_text()[-2000:])


def start_postgres(place, running):
    found = sorted(glob.glob("/usr/lib/postgresql/15/bin")) or sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    programs = pathlib.Path(found[-1]) if found else pathlib.Path(shutil.which("initdb")).parent
    data, port = place / "postgres", free_port()
    # PostgreSQL refuses to run as root.
    user = {"user": "postgres", "group": pwd.getpwnam("postgres").pw_gid} if os.geteuid() == 0 else {}
    data.mkdir()
    if user:
        shutil.chown(data, "postgres")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": data, **user}
    subprocess.run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                    "--no-sync"], check=True, **quiet)
    settings = {"listen_addresses": "127.0.0.1", "port": port, "max_connections": 1200, "shared_buffers": "1GB",
                "unix_socket_directories": data, "max_wal_size": "4GB", "work_mem": "64MB"}
    command = [programs / "postgres", "-D", data]
    for key, value in settings.items():
        command += ["-c", f"{key}={value}"]
    process = subprocess.Popen(command, **quiet)
    running.append(process)
    server = Server("postgres", port, process, "postgres", "postgres")
    wait_for(server, process, "SELECT 1")
    return server


def wait_for(server, process, sql):
    """Until the server answers: versions are loaded after the start, PostgreSQL says nothing when it is up."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            return server.psql(sql)
        except subprocess.CalledProcessError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{server.name} does not answer: {error.stderr}") from None
            time.sleep(0.05)


def load(forebay, postgres, table, version, target):
    """Copies one table of one version into PostgreSQL, over the wire."""
    postgres.psql(f"CREATE TABLE {target} ({TABLES[table]})")
    link = ["-X", "-q", "-h", "127.0.0.1", "-v", "ON_ERROR_STOP=1"]
    source = subprocess.Popen(
        ["psql", *link, "-p", str(forebay.port), "-U", forebay.user, "-d", forebay.database, "-c",
         f'COPY (SELECT * FROM "tpch@{version}".{table}) TO STDOUT'], stdout=subprocess.PIPE)
    subprocess.run(["psql", *link, "-p", str(postgres.port), "-U", postgres.user, "-d", postgres.database, "-c",
                    f"COPY {target} FROM STDIN"], stdin=source.stdout, check=True)
    if source.wait():
        raise RuntimeError(f"forebay could not send {table}")
    postgres.psql(f"VACUUM ANALYZE {target}")


class Ratios:
    """Figures of both servers, gathered round by round, shown as medians and their ratio (above 1: Forebay better)."""

    def __init__(self):
        self.figures = {}

    def add(self, work, server, value, unit, more_is_better):
        row = self.figures.setdefault(work, {"unit": unit, "more": more_is_better})
        row.setdefault(server.name, []).append(value)

    def show(self, goals):
        print(f"\n{'work':<44} {'forebay':>14} {'postgres':>14}  {'unit':<8} {'ratio':>8}  goal")
        for work, row in self.figures.items():
            ours, theirs = (statistics.median(row[name]) if name in row else None for name in ("forebay", "postgres"))
            ratio = ""
            if ours and theirs:
                ratio = f"{ours / theirs if row['more'] else theirs / ours:.2f}"
            shown = ["-" if value is None else f"{value:,.3f}" for value in (ours, theirs)]
            print(f"{work:<44} {shown[0]:>14} {shown[1]:>14}  {row['unit']:<8} {ratio:>8}  {goals.get(work, '')}")
        sys.stdout.flush()
