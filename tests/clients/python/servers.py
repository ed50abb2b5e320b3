"""Servers that a test starts for itself."""

import contextlib
import os
import subprocess

BINARY = os.environ.get("FOREBAY_TEST_BINARY", "")
ROOT = os.environ.get("FOREBAY_TEST_ROOT", "")


class Site:
    """One state root with its configuration, and the program over it and a source root."""

    def __init__(self, path, root=ROOT):
        self.path = path
        self.root = root
        self.log = path / "log"

    def role(self, *arguments, password=None):
        command = [BINARY, "role", "add", *arguments, "--state", str(self.path / "state")]
        if password is not None:
            command += ["--password-file", "-"]
        subprocess.run(command, input=password, text=True, check=True, capture_output=True)

    def certificate(self, name="server"):
        """A self-signed certificate for 127.0.0.1 and localhost; flags that use it."""
        files = self.path / f"{name}.crt", self.path / f"{name}.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", files[0], "-keyout", files[1]],
            check=True, capture_output=True,
        )  # fmt: skip
        return ["--tls-certificate", str(files[0]), "--tls-key", str(files[1])]

    @contextlib.contextmanager
    def serve(self, *flags, rules=""):
        config = self.path / "forebay.toml"
        config.write_text(rules)
        command = [BINARY, "serve", "--source", str(self.root), "--state", str(self.path / "state"), "--listen", "127.0.0.1:0"]
        with open(self.log, "a") as log:
            process = subprocess.Popen([*command, "--config", str(config), *flags], stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            self.process = process
            for line in process.stdout:
                if line.startswith("forebay: ready, postgres on "):
                    yield dict(host="127.0.0.1", port=line.rsplit(":", 1)[1].strip(), dbname="tpch", connect_timeout=10)
                    break
            else:
                raise AssertionError(f"not ready: {self.log.read_text()[-2000:]}")
        finally:
            process.kill()
            process.wait()
