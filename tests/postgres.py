#!/usr/bin/env python3
"""A PostgreSQL server for tests, from the programs of the Debian package: on a Unix socket in a temporary folder, never
durable, for an hour at most.

    tests/postgres.py start FILE    writes its URL to FILE, or the reason why there is none
    tests/postgres.py stop FILE     ends what FILE names

Started by root it runs as the user "postgres". Its default order of text is English, as on many real servers."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "log_min_messages": "fatal",
}


class Missing(Exception):
    """There is no server here, and why."""


def programs():
    """The folder of initdb and postgres, of the newest version."""
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    on_path = shutil.which("initdb")
    folders += [pathlib.Path(on_path).resolve().parent] if on_path else []
    whole = [folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()]
    if not whole:
        raise Missing("no initdb and postgres here: install the package postgresql")
    return whole[-1]


def unprivileged():
    """Options of subprocess: the server refuses to run as root."""
    if os.getuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise Missing("started by root, and there is no user postgres to run as") from None
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def start(file):
    """Writes three lines: URL, process id, folder."""
    stop(file)
    try:
        bin_folder, user = programs(), unprivileged()
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hotshot-postgres-"))
        if user:
            os.chown(folder, user["user"], user["group"])
        with open(folder / "log", "ab") as log:
            run = dict(user, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            subprocess.run([bin_folder / "initdb", "--pgdata", folder / "data", "--username", "postgres", "--auth", "trust", "--no-sync",
                            "--encoding", "UTF8", "--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en-US"],
                           check=True, **run)
            hba = folder / "data/pg_hba.conf"
            hba.write_text("local all guarded scram-sha-256\n" + hba.read_text())
            settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
            server = subprocess.Popen(["timeout", "--signal", "INT", "1h", bin_folder / "postgres", "-D", folder / "data",
                                       "-k", folder, *settings], start_new_session=True, **run)
            ready = [bin_folder / "pg_isready", "--quiet", "--host", folder]
            deadline = time.monotonic() + 30
            while subprocess.run(ready, **run).returncode != 0:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise Missing(f"the server did not start: {(folder / 'log').read_text()[-2000:]}")
                time.sleep(0.02)
            server.returncode = 0  # it outlives us on purpose
        text = f"postgres://postgres@/postgres?host={folder}\n{server.pid}\n{folder}\n"
    except Missing as reason:
        text = f"{reason}\n"
    file.write_text(text)
    return text.split("\n")[0]


def stop(file):
    """Nothing where nothing was started."""
    lines = file.read_text().split("\n") if file.exists() else [""]
    if lines[0].startswith("postgres://"):
        folder = pathlib.Path(lines[2])
        with contextlib.suppress(OSError, ValueError):  # it ended by itself
            server = int((folder / "data/postmaster.pid").read_text().split()[0])
            os.kill(server, signal.SIGQUIT)
            while True:
                os.kill(server, 0)
                time.sleep(0.02)
        shutil.rmtree(folder, ignore_errors=True)
    file.unlink(missing_ok=True)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("start", "stop"):
        sys.exit(__doc__)
    {"start": start, "stop": stop}[sys.argv[1]](pathlib.Path(sys.argv[2]))
