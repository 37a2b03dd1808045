#!/usr/bin/env python3
"""Servers and workers on "machines" of their own (data folders) that share a PostgreSQL database and files:
python3 tests/cluster_test.py build/hotshot. Standard library only; skipped where PostgreSQL's server is not installed."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import postgres
import service_test
from service_test import ServiceTest


class Cluster(ServiceTest):
    @classmethod
    def setUpClass(cls):
        cls.server = pathlib.Path(tempfile.mkdtemp(prefix="hotshot-cluster-")) / "server"
        cls.addClassCleanup(cls.server.parent.rmdir)
        cls.url = postgres.start(cls.server)
        cls.addClassCleanup(postgres.stop, cls.server)
        if not cls.url.startswith("postgres://"):
            raise unittest.SkipTest(cls.url)

    def setUp(self):
        super().setUp()
        schema = self.folder.name.replace("-", "_").lower()  # one for each case
        self.sql(f"CREATE SCHEMA {schema}")
        self.settings = self.folder / "cluster.toml"
        self.settings.write_text(f'database = "{self.url}&options=-csearch_path%3D{schema}"\nworkers = 0\nsign = false\n')
        self.files = self.folder / "files"
        self.files.mkdir()

    def sql(self, text):
        subprocess.run([postgres.programs() / "psql", "--quiet", self.url, "--command", text], check=True, stdout=subprocess.DEVNULL)

    def machine(self, name):
        """A folder for a machine, its data folder with the files that all share."""
        folder = self.folder / name
        (folder / "data").mkdir(parents=True)
        (folder / "data/files").symlink_to(self.files)
        return folder

    def serve_at(self, name):
        return self.serve("--config", str(self.settings), folder=self.machine(name))

    def worker_at(self, name, models):
        folder = self.machine(name)
        with open(folder / "log.txt", "ab") as log:
            worker = subprocess.Popen([service_test.PROGRAM, "worker", "--config", self.settings, "--data", folder / "data", "--threads", "1",
                                       "--lease-seconds", "2", "--formats", "gif"], env=dict(os.environ, HOTSHOT_MODELS=str(models), OMP_NUM_THREADS="1"),
                                      stderr=log)
        self.addCleanup(lambda: (worker.kill(), worker.wait()))
        return worker

    def test_it_is_one_service(self):
        east, west = self.serve_at("east"), self.serve_at("west")
        worker = self.worker_at("worker", east.folder / "models")
        first = east.submit(steps=3)
        self.assertEqual(west.wait(first)["status"], "succeeded")
        self.assertEqual(east.video(first), west.video(first))
        # What one server signs or gives out, the other knows.
        share = east.json("POST", f"/api/v1/jobs/{first}/share")["share_url"]
        self.assertIn(b"<", west.request("GET", share[share.index("/", 8):] if "://" in share else share))
        # An idle worker starts at once, not at its next look two seconds later.
        for _ in range(5):
            job = west.wait(west.submit(steps=1))
            self.assertLess(job["started_ms"] - job["created_ms"], 1000)
            time.sleep(0.1)
        # All connections are lost, as when the database is started again.
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
        self.assertEqual(west.wait(east.submit(steps=2))["status"], "succeeded")
        # A worker's machine is lost in the middle of a job: another makes the same clip.
        undisturbed = west.video(west.wait(west.submit(steps=60))["id"])
        lost = east.submit(steps=60)
        east.wait(lost, ("running",))
        worker.send_signal(signal.SIGKILL)
        self.worker_at("another", east.folder / "models")
        self.assertEqual(west.wait(lost)["status"], "succeeded")
        self.assertEqual(east.video(lost), undisturbed)

    def test_an_event_stream_hears_of_other_machines(self):
        east, west = self.serve_at("east"), self.serve_at("west")
        with urllib.request.urlopen(west.url + "/api/v1/events", timeout=20) as stream:
            self.assertIn(b"hello", b"".join(stream.readline() for _ in range(3)))
            time.sleep(0.3)
            began = time.time()
            identifier = east.submit(steps=1)
            while identifier.encode() not in stream.readline():
                pass
            self.assertLess(time.time() - began, 1.5)

    def test_export_takes_the_settings_and_no_error_tells_the_password(self):
        east = self.serve_at("east")
        self.worker_at("worker", east.folder / "models")
        self.assertEqual(east.wait(east.submit(steps=1))["status"], "succeeded")
        run = lambda *arguments: subprocess.run([service_test.PROGRAM, *map(str, arguments)], capture_output=True, text=True, cwd=self.folder)
        packed = run("export", "-o", "all.zip", "--config", self.settings, "--data", self.folder / "east/data")
        self.assertEqual(packed.returncode, 0, packed.stderr)
        self.assertIn("1 clips", packed.stdout)
        self.assertFalse((self.folder / "east/data/hotshot.db").exists())
        for url, status in (("postgres://ann:hush@127.0.0.1:1/clips", 1), ("postgres://ann:hush%zz@host/clips", 2), ("hush", 2)):
            self.settings.write_text(f'database = "{url}"\n')
            refused = run("serve", "--config", self.settings, "--data", self.folder / "d")
            self.assertEqual(refused.returncode, status, refused.stderr)
            self.assertRegex(refused.stderr, r"\Ahotshot: \[database\] [^\n]+\n\Z")
            self.assertNotIn("hush", refused.stderr)


if __name__ == "__main__":
    service_test.PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
