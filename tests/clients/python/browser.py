"""Programs with web pages, asked as their pages ask."""

import contextlib
import http.cookiejar
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request

START_SECONDS = 120


class Browser:
    """One visitor of a program: its cookies, and headers for every request."""

    def __init__(self, address):
        self.address = address
        self.headers = {}
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def text(self, path, body=None, method=None):
        """The status and the text of an answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = self.headers | ({} if body is None else {"Content-Type": "application/json"})
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def json(self, path, body=None, method=None):
        """The document of an answer; its status and text where it is a failure or none."""
        status, text = self.text(path, body, method)
        try:
            return json.loads(text) if status < 400 else f"{status} {text[:500]}"
        except json.JSONDecodeError:
            return f"{status} {text[:500]}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def started(command, port, log, **options):
    """A program that answers on `port`; ends with the block."""
    with open(log, "w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)
    try:
        limit = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None and time.monotonic() < limit, open(log).read()[-2000:]
            time.sleep(0.2)
        yield Browser(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()


def differences(got, want, path=""):
    """The places where two documents differ."""
    if type(got) is not type(want):
        return [f"{path}: {str(got)[:200]} for {str(want)[:200]}"]
    if isinstance(got, dict):
        return [
            found
            for key in sorted(got.keys() | want.keys())
            for found in differences(got.get(key, "nothing"), want.get(key, "nothing"), f"{path}.{key}")
        ]
    if isinstance(got, list) and len(got) == len(want):
        pairs = enumerate(zip(got, want))
        return [found for index, pair in pairs for found in differences(*pair, f"{path}[{index}]")]
    return [] if got == want else [f"{path}: {str(got)[:200]} for {str(want)[:200]}"]
