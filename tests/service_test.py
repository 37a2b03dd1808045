#!/usr/bin/env python3
"""Runs `hotshot serve` as its owner would, kills what can be killed, and lets real client programs speak to it:
python3 tests/service_test.py build/hotshot [--rounds N]. Standard library only; the clients need Node 20 and npm."""

import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODEL = "tiny"
PROGRAM = None
ROUNDS = 12
LONG = {"model": MODEL, "size": "48x32", "frames": 5, "steps": 300, "seed": 1, "prompt": "a red cat"}


class Service:
    """hotshot serve on a data folder of its own; may be started again on the same folder."""

    def __init__(self, folder, *options):
        self.folder = pathlib.Path(folder)
        self.options = options
        shutil.copytree(ROOT / "tests/golden/pipeline-wan", self.folder / "models" / MODEL)
        small = {"frames": 9, "fps": 8, "sizes": [[48, 32], [32, 32], [32, 48]], "steps": 3, "guidance": 4.0}
        (self.folder / "models" / MODEL / "hotshot.json").write_text(json.dumps(small))
        self.log = open(self.folder / "log.txt", "ab")
        self.start()

    def start(self):
        environment = dict(os.environ, HOTSHOT_MODELS=str(self.folder / "models"), OMP_NUM_THREADS="1")
        self.process = subprocess.Popen([PROGRAM, "serve", "--port", "0", "--data", str(self.folder / "data"), "--threads", "1",
                                         "--lease-seconds", "2", "--formats", "gif", *self.options], cwd=self.folder, env=environment,
                                        stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.welcome = ""
        while "data  " not in self.welcome:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError((self.folder / "log.txt").read_text())
            self.welcome += line
        self.url = re.search(r"http://[\d.]+:\d+", self.welcome)[0]

    def request(self, method, path, body=None, headers=None):
        data = json.dumps(body).encode() if body is not None else None
        headers = dict(headers or {}, **({"content-type": "application/json"} if data else {}))
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def json(self, method, path, body=None):
        return json.loads(self.request(method, path, body))

    def submit(self, **changes):
        return self.json("POST", "/api/v1/jobs", dict(LONG, **changes))["jobs"][0]["id"]

    def job(self, identifier):
        return self.json("GET", f"/api/v1/jobs/{identifier}")

    def wait(self, identifier, until=("succeeded", "failed", "cancelled"), seconds=90):
        deadline = time.time() + seconds
        while time.time() < deadline:
            job = self.job(identifier)
            if job["status"] in until:
                return job
            time.sleep(0.05)
        raise AssertionError(f"{identifier} is still {job['status']}: {job}\n{(self.folder / 'log.txt').read_text()}")

    def video(self, identifier):
        return self.request("GET", f"/api/v1/jobs/{identifier}/files/video")

    def workers(self):
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        return [int(pid) for pid in found]

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(timeout=30)
        self.process.stdout.close()
        return status


class ServiceTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hotshot-serve-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def serve(self, *options):
        service = Service(self.folder, *options)
        self.addCleanup(lambda: service.process.poll() is None and service.end(signal.SIGKILL))
        self.addCleanup(service.log.close)
        return service


class Serve(ServiceTest):
    def test_from_prompt_to_file(self):
        service = self.serve()
        identifier = service.submit(steps=3)
        job = service.wait(identifier)
        self.assertEqual(job["status"], "succeeded", job)
        video = service.video(identifier)
        self.assertEqual(video[4:8], b"ftyp")
        self.assertEqual(hashlib.sha256(video).hexdigest(), job["files"]["video"]["sha256"])
        self.assertEqual(service.request("GET", f"/api/v1/jobs/{identifier}/files/gif")[:6], b"GIF89a")
        # The file alone says how to make it again.
        path = self.folder / "clip.mp4"
        path.write_bytes(video)
        environment = dict(os.environ, HOTSHOT_MODELS=str(self.folder / "models"))
        again = subprocess.run([PROGRAM, "reproduce", str(path)], env=environment, capture_output=True, text=True, cwd=self.folder)
        self.assertEqual(again.returncode, 0, again.stderr)

    def test_cancel_ends_a_running_job_soon(self):
        service = self.serve()
        identifier = service.submit(steps=1000, frames=49, size="96x96")
        service.wait(identifier, ("running",))
        started = time.time()
        service.json("POST", f"/api/v1/jobs/{identifier}/cancel")
        self.assertEqual(service.wait(identifier)["status"], "cancelled")
        self.assertLess(time.time() - started, 5)

    def test_killed_workers_and_servers_lose_nothing_and_change_no_byte(self):
        service = self.serve()
        undisturbed = service.submit()
        self.assertEqual(service.wait(undisturbed)["status"], "succeeded")
        expected = service.video(undisturbed)
        chance = random.Random(7)
        jobs = [service.submit() for _ in range(3)]
        for round_number in range(ROUNDS):
            time.sleep(chance.uniform(0.05, 0.9))
            if chance.random() < 0.3:
                service.end(signal.SIGKILL)
                service.start()
            else:
                for pid in service.workers():
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
        for identifier in jobs:
            job = service.wait(identifier, seconds=120)
            if job["status"] == "failed":  # killed twice in its two attempts: said so, and tried again by hand
                self.assertEqual(job["error"]["code"], "worker_crashed", job)
                identifier = service.json("POST", f"/api/v1/jobs/{identifier}/retry")["jobs"][0]["id"]
                job = service.wait(identifier, seconds=120)
            self.assertEqual(job["status"], "succeeded", job)
            self.assertEqual(service.video(identifier), expected)
        self.assertEqual(service.end(), 0)

    def test_sigterm_gives_the_job_back_and_the_next_start_goes_on(self):
        service = self.serve()
        identifier = service.submit(steps=600)
        service.wait(identifier, ("running",))
        while service.job(identifier)["progress"] is None or service.job(identifier)["progress"]["done"] < 5:
            time.sleep(0.02)
        self.assertEqual(service.end(), 0)
        service.start()
        job = service.wait(identifier)
        self.assertEqual(job["status"], "succeeded")
        self.assertEqual(job["attempts"], 1)

    def test_everything_can_be_taken_away_and_back(self):
        service = self.serve()
        identifier = service.submit(steps=2)
        self.assertEqual(service.wait(identifier)["status"], "succeeded")
        run = lambda *arguments: subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, cwd=self.folder)
        packed = run("export", "-o", "all.zip", "--data", self.folder / "data")
        self.assertEqual(packed.returncode, 0, packed.stderr)
        with zipfile.ZipFile(self.folder / "all.zip") as archive:
            self.assertIsNone(archive.testzip())
            clip = json.loads(archive.read(f"clips/{identifier}/clip.json"))
            self.assertEqual(clip["prompt"], LONG["prompt"])
            self.assertEqual(archive.read(f"clips/{identifier}/video.mp4"), service.video(identifier))
        taken = run("import", "all.zip", "--data", self.folder / "other")
        self.assertEqual((taken.returncode, taken.stdout), (0, "1 clips added, 0 were there\n"), taken.stderr)
        for arguments in (["export", "-o", "x.zip", "--data", self.folder / "nothing"], ["export", "-o", "x.tar"],
                          ["import", PROGRAM, "--data", self.folder / "other"], ["import", "none.zip", "--data", self.folder / "other"]):
            refused = run(*arguments)
            self.assertEqual(refused.returncode, 2, arguments)
            self.assertRegex(refused.stderr, r"\Ahotshot: \[[^\]\n]+\] [^\n]+\n\Z")

    def test_sign_in_is_asked_for_where_others_can_reach_it(self):
        service = self.serve("--sign-in", "always")
        self.assertIn("?setup=", service.welcome + service.process.stdout.readline())
        with self.assertRaises(urllib.error.HTTPError) as refused:
            service.request("GET", "/api/v1/jobs")
        self.assertEqual(refused.exception.code, 401)

    def test_bad_settings_are_one_line(self):
        for arguments, pattern in ((["--port", "99999"], "--port"), (["--address", "300.1.1.1"], "300.1.1.1"),
                                   (["--address", "0.0.0.0", "--sign-in", "never"], "sign_in"), (["--formats", "avi"], "avi"),
                                   (["--studio", "/nonexistent"], "index.html"), (["--config", "/nonexistent.toml"], "nonexistent"),
                                   (["--data", "/proc/nothing"], "/proc")):
            data = [] if "--data" in arguments else ["--data", str(self.folder / "d")]
            done = subprocess.run([PROGRAM, "serve", *data, *arguments], capture_output=True, text=True, timeout=30, cwd=self.folder)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertRegex(done.stderr, r"\Ahotshot: \[[^\]\n]+\] [^\n]+\n\Z")
            self.assertIn(pattern, done.stderr)


class Clients(ServiceTest):
    """The published client libraries, as their users use them."""

    def node(self, script, *arguments):
        major = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout if shutil.which("node") else ""
        if not re.match(r"v(2\d|[3-9]\d)\.", major) or not shutil.which("npm"):
            self.skipTest("needs Node 20 and npm")
        clients = ROOT / "tests/clients"
        if not (clients / "node_modules").exists():
            fetched = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=clients)
            if fetched.returncode != 0:
                shutil.rmtree(clients / "node_modules", ignore_errors=True)
                self.skipTest("npm could not fetch the client libraries")
        done = subprocess.run(["node", script, *arguments], cwd=clients, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_openai(self):
        service = self.serve()
        for version in ("openai-7", "openai-6"):
            self.assertIn("all calls answered", self.node("openai.mjs", version, service.url + "/v1", MODEL))

    def test_xai(self):
        service = self.serve()
        self.assertIn("all calls answered", self.node("xai.mjs", service.url + "/xai/v1", MODEL))

    def test_openrouter(self):
        service = self.serve()
        self.assertIn("all calls answered", self.node("openrouter.mjs", service.url + "/openrouter/api/v1", MODEL))

    def test_mcp(self):
        service = self.serve()
        self.assertIn("all calls answered", self.node("mcp.mjs", service.url + "/mcp", MODEL))


if __name__ == "__main__":
    if "--rounds" in sys.argv:
        ROUNDS = int(sys.argv.pop(sys.argv.index("--rounds") + 1))
        sys.argv.remove("--rounds")
    if len(sys.argv) < 2:
        sys.exit("usage: service_test.py PROGRAM [--rounds N] [unittest options]")
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
