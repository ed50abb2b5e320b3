"""Ends every run with the line that `tests/run` counts by, and knows which cases differ for now."""

import os
import pathlib

import pytest

# Programs with pages are large: they are run where they are installed (`tests/run clients/pages`).
PAGES = {"test_pgadmin.py": "FOREBAY_TEST_PGADMIN", "test_superset.py": "FOREBAY_TEST_SUPERSET"}
collect_ignore = [file for file, variable in PAGES.items() if not os.environ.get(variable)]
KNOWN = pathlib.Path(__file__).resolve().parents[2] / "data" / "known.txt"


def pytest_collection_modifyitems(items):
    """Cases known to differ, as `suite | case | reason`, must fail: the list may only shrink."""
    known = {}
    for line in KNOWN.read_text().splitlines():
        if line.startswith("python | "):
            case, reason = line.removeprefix("python | ").rsplit(" | ", 1)
            known[case] = reason
    for item in items:
        case = f"{item.path.name}::{item.nodeid.split('::', 1)[1]}"
        if case in known:
            item.add_marker(pytest.mark.xfail(strict=True, reason=known[case]))


def pytest_terminal_summary(terminalreporter):
    count = {name: len(terminalreporter.stats.get(name, ())) for name in ("passed", "failed", "error", "skipped")}
    terminalreporter.write_line("")
    terminalreporter.write_line(
        f"{count['passed']} passed, {count['failed'] + count['error']} failed, {count['skipped']} skipped"
    )
