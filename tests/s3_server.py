#!/usr/bin/env python3
"""An S3 server for tests, from npm (tests/s3): on a free port of this machine, its objects as files in a temporary
folder, for an hour at most.

    tests/s3_server.py start FILE    writes its URL to FILE, or the reason why there is none
    tests/s3_server.py stop FILE     ends what FILE names

It needs Node 20 and, the first time, npm."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PLACE = pathlib.Path(__file__).resolve().parent / "s3"


class Missing(Exception):
    """There is no server here, and why."""


def fetch_packages():
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout if shutil.which("node") else ""
    if not re.match(r"v(2\d|[3-9]\d)\.", version):
        raise Missing("needs Node 20")
    if (PLACE / "node_modules").exists():
        return
    if not shutil.which("npm"):
        raise Missing("needs npm")
    fetched = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--fetch-retries=0", "--loglevel=error"], cwd=PLACE, stdout=subprocess.DEVNULL)
    if fetched.returncode != 0:
        shutil.rmtree(PLACE / "node_modules", ignore_errors=True)
        raise Missing("npm could not fetch the S3 server")


def start(file):
    """Writes three lines: URL, process id, folder."""
    stop(file)
    try:
        fetch_packages()
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hotshot-s3-"))
        with open(folder / "log", "ab") as log:
            # The server makes its tokens of listings with a cipher that OpenSSL has put aside.
            server = subprocess.Popen(["timeout", "1h", "node", "--openssl-legacy-provider", "serve.mjs", folder], cwd=PLACE, stdin=subprocess.DEVNULL, stdout=log,
                                      stderr=log, start_new_session=True)
        deadline = time.monotonic() + 30
        while not (said := re.match(r"(http://\S+)\n", (folder / "log").read_text())):
            if server.poll() is not None or time.monotonic() > deadline:
                raise Missing(f"the S3 server did not start: {(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)
        text = f"{said[1]}\n{server.pid}\n{folder}\n"
    except Missing as reason:
        text = f"{reason}\n"
    file.write_text(text)
    return text.split("\n")[0]


def stop(file):
    """Nothing where nothing was started."""
    with contextlib.suppress(OSError, ValueError):
        _, process, folder = file.read_text().split()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(process), signal.SIGTERM)
        shutil.rmtree(folder, ignore_errors=True)
    file.unlink(missing_ok=True)


@contextlib.contextmanager
def server():
    """The URL of a server for a `with`; Missing where there is none."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "server"
        url = start(file)
        if not url.startswith("http://"):
            raise Missing(url)
        try:
            yield url
        finally:
            stop(file)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("start", "stop"):
        sys.exit(__doc__)
    {"start": start, "stop": stop}[sys.argv[1]](pathlib.Path(sys.argv[2]))
