"""SQLAlchemy's suite for dialects: see `compliance/`. It needs a pytest of its own, as it takes pytest over."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import pytest
from cases import SERVER

SUITE = pathlib.Path(__file__).parent / "compliance"

# What passes at least, so that a suite that collects nothing does not pass.
PASSED_MIN = 180


@pytest.fixture
def home():
    """A directory that PostgreSQL's own user can pass through, unlike pytest's."""
    path = tempfile.mkdtemp()
    os.chmod(path, 0o711)
    yield path
    shutil.rmtree(path)


@pytest.mark.timeout(600)
@pytest.mark.skipif(not os.environ.get("FOREBAY_TEST_BINARY"), reason="no FOREBAY_TEST_BINARY")
def test_dialect_suite(home):
    command = [sys.executable, "-m", "pytest", "-c", "/dev/null", "--rootdir", SUITE, "-p", "no:cacheprovider", "-q", "--tb=short"]
    address = SERVER.replace("postgresql://", "postgresql+psycopg://")
    done = subprocess.run(
        [*command, "--timeout=120", "--dburi", address, SUITE / "test_suite.py"],
        cwd=SUITE,
        env={**os.environ, "FOREBAY_COMPLIANCE_HOME": home},
        capture_output=True,
        text=True,
        timeout=550,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed and PASSED_MIN <= int(passed[1]), done.stdout[-2000:]
