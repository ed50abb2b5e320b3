"""pgbench: reading scripts in all its query modes, without an error and with the rows PostgreSQL has."""

import re

import psycopg
import pytest
from cases import ORACLE, SERVER, TPCH
from programs import output, run
from servers import Site

MODES = ("simple", "extended", "prepared")
TRANSACTIONS = 20

# As pgbench's own `-S`, over the orders: one row by its key.
SELECT_ONLY = """
\\set key random(1, 60000)
SELECT o_totalprice FROM tpch.orders WHERE o_orderkey = :key;
"""

# The other commands of scripts: variables from rows, conditions, pipelines, transactions, sleep, hashes and permutations.
MIXED = """
\\set nation random_zipfian(1, 25, 1.2) - 1
\\set region permute(:client_id, 5)
\\set share 0.05
\\set since debug(hash(:nation) % 7)
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT n_name AS name, n_regionkey AS region FROM tpch.nation WHERE n_nationkey = :nation \\gset
SELECT r_name FROM tpch.region WHERE r_regionkey = :region \\aset other_
\\if :nation > 12
SELECT count(*) FROM tpch.customer WHERE c_nationkey = :nation AND c_acctbal > :nation * -10.5;
\\elif :nation > 6
SELECT sum(l_extendedprice * (1 - l_discount)) FROM tpch.lineitem WHERE l_discount <= :share AND l_orderkey < 100;
\\else
SELECT n.n_name, r.r_name FROM tpch.nation n JOIN tpch.region r ON r.r_regionkey = n.n_regionkey WHERE n.n_nationkey IN (:nation, :region + 1);
\\endif
END;
\\sleep 1 us
"""

PIPELINE = """
\\startpipeline
SELECT 1 AS one;
SELECT n_name FROM tpch.nation WHERE n_nationkey = :client_id;
SELECT count(*) FROM tpch.region WHERE r_regionkey <> :client_id;
\\endpipeline
"""

# Prints what it read: one line each.
READ = """
\\set key 4 + :client_id
SELECT n_name AS name, n_regionkey + :key AS region, length(n_comment) AS length FROM tpch.nation WHERE n_nationkey = :key \\gset
\\set region debug(:region)
\\set length debug(:length)
"""


def bench(target, script, mode, *options, path):
    file = path / "script.sql"
    file.write_text(script)
    return run("pgbench", "-n", "-M", mode, "-f", str(file), "--random-seed", "42", *options, target)


def processed(done, wanted):
    """Asserts that all transactions ran and none failed."""
    assert done.returncode == 0, done.stderr
    assert not re.search(r"(?i)error|fatal|aborted", done.stderr), done.stderr
    assert f"number of transactions actually processed: {wanted}/{wanted}\n" in done.stdout
    assert "number of failed transactions: 0 (0.000%)\n" in done.stdout


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("script", [SELECT_ONLY, MIXED], ids=["select only", "mixed"])
def test_scripts(script, mode, tmp_path):
    for target in (SERVER, ORACLE):
        processed(bench(target, script, mode, "-c", "4", "-j", "2", "-t", str(TRANSACTIONS), path=tmp_path), 4 * TRANSACTIONS)


@pytest.mark.parametrize("mode", MODES[1:])
def test_pipelines(mode, tmp_path):
    processed(bench(SERVER, PIPELINE, mode, "-c", "2", "-t", str(TRANSACTIONS), path=tmp_path), 2 * TRANSACTIONS)


@pytest.mark.parametrize("mode", MODES)
def test_reconnects(mode, tmp_path):
    processed(bench(SERVER, SELECT_ONLY, mode, "-C", "-c", "2", "-t", "5", path=tmp_path), 10)


@pytest.mark.parametrize("mode", MODES)
def test_reads_the_same(mode, tmp_path):
    got, want = (bench(target, READ, mode, "-c", "3", "-t", "1", path=tmp_path) for target in (SERVER, ORACLE))
    printed = [sorted(re.findall(r"(?m)^debug.*$|: int \d+$", done.stderr)) for done in (got, want)]
    assert len(printed[0]) == 6 and printed[0] == printed[1]


@pytest.mark.parametrize("mode", MODES)
def test_tpch(mode, tmp_path):
    """Each query as a script of its own, all of them by turns."""
    files = []
    for name, sql in TPCH.items():
        (tmp_path / name).write_text(sql + ";\n")
        files += ["-f", str(tmp_path / name)]
    text = output("pgbench", "-n", "-M", mode, *files, "-t", "30", SERVER)
    assert "number of transactions actually processed: 30/30\n" in text
    # A script that chance left out has failed in none of none.
    assert set(re.findall(r"number of failed transactions: (.*)", text)) <= {"0 (0.000%)", "0 (NaN%)"}


@pytest.mark.parametrize("mode", MODES)
def test_errors_abort_the_same(mode, tmp_path):
    for script in ("SELECT nope;\n", "SELECT 1 / :client_id;\n", "\\set key 1\nSELECT n_name FROM tpch.nation WHERE n_nationkey > :key \\gset\n"):
        done = [bench(target, script, mode, "-t", "2", path=tmp_path) for target in (SERVER, ORACLE)]
        got, want = (re.findall(r"(?m)^pgbench: error.*|^LINE.*|^ERROR.*", one.stderr) for one in done)
        assert got and got == want and done[0].returncode == done[1].returncode


def test_its_own_tables(tmp_path):
    """`pgbench -i`, and its own script of reads and writes, without a transaction that fails."""
    with Site(tmp_path).serve() as server:
        target = f"postgresql://forebay@{server['host']}:{server['port']}/forebay"
        made = run("pgbench", "-i", "-s", "1", "-q", target)
        assert made.returncode == 0, made.stderr
        for mode in MODES:
            done = run("pgbench", "-n", "-M", mode, "-b", "simple-update", "-c", "4", "-t", "10", target)
            processed(done, 40)
        moved = "SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history), count(*) FROM pgbench_history"
        with psycopg.connect(target) as connection:
            assert connection.execute(moved).fetchone() == (True, 40 * len(MODES))
