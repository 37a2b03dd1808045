#!/usr/bin/env python3
"""Runs `hotshot serve` as its owner would, kills what can be killed, and lets real client programs speak to it:
python3 tests/service_test.py build/hotshot [--rounds N]. Standard library only; the clients need Node 20 and npm."""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import queue
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
import zipfile

import s3_server

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

    def everything(self, query):
        """Rows of the database of a service that has ended."""
        with contextlib.closing(sqlite3.connect(self.folder / "data/hotshot.db")) as database:
            return database.execute(query).fetchall()

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(timeout=30)
        self.process.stdout.close()
        return status


class Receiver(http.server.ThreadingHTTPServer):
    """Hears webhooks; leaves them without an answer unless it `answers`."""

    def __init__(self, answers=True):
        self.answers = answers
        self.heard = queue.Queue()
        super().__init__(("127.0.0.1", 0), Receiver.Handler)
        self.host = f"127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            message = {name: self.headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature")}
            self.server.heard.put({**message, "body": body})
            if not self.server.answers:
                self.rfile.read(1)  # until the other side is gone
                return
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass


class ServiceTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hotshot-serve-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def serve(self, *options, folder=None):
        service = Service(folder or self.folder, *options)
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
        expected = {role: service.request("GET", f"/api/v1/jobs/{undisturbed}/files/{role}") for role in ("video", "gif", "thumbnail")}
        chance = random.Random(7)
        jobs = []
        kills = 0
        while kills < ROUNDS:  # a worker that died young is started again after a pause: then there is none to kill
            unfinished = len(service.json("GET", "/api/v1/jobs?status=queued,running")["jobs"])
            jobs += [service.submit() for _ in range(3 - unfinished)]
            time.sleep(chance.uniform(0.02, 0.9))
            if chance.random() < 0.3:
                service.end(signal.SIGKILL)
                service.start()
                kills += 1
                continue
            for pid in service.workers():
                try:
                    os.kill(pid, signal.SIGKILL)
                    kills += 1
                except ProcessLookupError:
                    pass
        for identifier in jobs:
            job = service.wait(identifier, seconds=120)
            self.assertEqual(job["status"], "succeeded", job)
            for role, content in expected.items():
                self.assertEqual(service.request("GET", f"/api/v1/jobs/{identifier}/files/{role}"), content)
        self.assertEqual(service.end(), 0)
        self.assertEqual(service.everything("SELECT count(*) FROM jobs"), [(len(jobs) + 1,)])
        kept = {sha256 for (sha256,) in service.everything("SELECT DISTINCT sha256 FROM blob_uses UNION SELECT sha256 FROM unneeded_blobs")}
        for path in (service.folder / "data/files").glob("??/*"):
            self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest(), path.parent.name + path.name)
            self.assertIn(path.parent.name + path.name, kept)

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

    def test_a_server_killed_while_it_tells_of_a_clip_tells_it_again(self):
        with Receiver(answers=False) as receiver:
            service = self.serve("--webhook-hosts", receiver.host)
            made = service.json("POST", "/api/v1/webhooks", {"url": f"http://{receiver.host}/hook"})
            identifier = service.submit(steps=3)
            first = receiver.heard.get(timeout=60)  # it has no answer yet
            self.assertEqual(json.loads(first["body"])["data"]["id"], identifier)
            service.end(signal.SIGKILL)
            receiver.answers = True
            service.start()
            again = receiver.heard.get(timeout=60)
            self.assertEqual((again["id"], again["body"]), (first["id"], first["body"]))
            signed = f"{again['id']}.{again['timestamp']}.{again['body']}".encode()
            key = base64.b64decode(made["secret"].removeprefix("whsec_"))
            expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
            self.assertEqual(again["signature"], "v1," + expected)
            deadline = time.time() + 10
            while (delivery := service.json("GET", f"/api/v1/webhooks/{made['webhook']['id']}/deliveries")["deliveries"][0])["state"] == "waiting":
                self.assertLess(time.time(), deadline)
                time.sleep(0.05)
            self.assertEqual((delivery["state"], delivery["attempts"]), ("delivered", 2))

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

    def test_files_in_a_bucket(self):
        try:
            bucket = self.enterContext(s3_server.server())
        except s3_server.Missing as reason:
            self.skipTest(str(reason))
        settings = self.folder / "hotshot.toml"
        settings.write_text(f'blobs = "s3://clips/{self.folder.name}"\ns3_endpoint = "{bucket}"\n'
                            's3_access_key = "S3RVER"\ns3_secret_key = "S3RVER"\n')
        service = self.serve("--config", str(settings))
        identifier = service.submit(steps=3)
        self.assertEqual(service.wait(identifier)["status"], "succeeded")
        video = service.video(identifier)
        self.assertFalse((self.folder / "data/files").exists())
        self.assertEqual(service.end(), 0)
        shutil.rmtree(self.folder / "data/cache")  # the bytes are in the bucket alone
        archive = self.folder / "all.zip"
        packed = subprocess.run([PROGRAM, "export", "-o", str(archive), "--data", str(self.folder / "data"), "--config", str(settings)],
                                capture_output=True, text=True)
        self.assertEqual(packed.returncode, 0, packed.stderr)
        with zipfile.ZipFile(archive) as files:
            self.assertEqual(files.read(f"clips/{identifier}/video.mp4"), video)
        service.options += ("--blob-links",)
        service.start()
        self.assertEqual(service.video(identifier), video)  # by way of a redirect
        shown = subprocess.run([PROGRAM, "serve", "--config", str(settings), "--help"], capture_output=True, text=True).stdout
        self.assertIn("--s3-endpoint", shown)
        self.assertNotIn("secret", shown)

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


class Providers(ServiceTest):
    """Two services, one the provider of the other, over each interface it has."""

    INTERFACES = {"openai": "/v1", "xai": "/xai/v1", "openrouter": "/openrouter/api/v1"}

    def setUp(self):
        super().setUp()
        self.remote = self.serve("--sign-in", "always", folder=self.folder / "remote")
        self.key = self.make_key(self.remote)
        os.environ["HOTSHOT_TEST_KEY"] = self.key
        self.addCleanup(os.environ.pop, "HOTSHOT_TEST_KEY")
        settings = ""
        for interface, path in self.INTERFACES.items():
            settings += f"""
[[provider]]
name = "{interface}"
interface = "{interface}"
url = "{self.remote.url}{path}"
key_env = "HOTSHOT_TEST_KEY"
models = ["{MODEL}"]
sizes = ["48x32", "32x32"]
seconds = [1]
fps = 8
takes = ["seed", "steps"]
idempotent = true
"""
        (self.folder / "front.toml").write_text(settings)
        self.front = self.serve("--config", str(self.folder / "front.toml"), folder=self.folder / "front")

    def make_key(self, service):
        secret = re.search(r"setup=(\S+)", service.welcome + service.process.stdout.readline())[1]
        body = json.dumps({"secret": secret, "name": "ann", "password": "password1"}).encode()
        headers = {"content-type": "application/json", "x-hotshot": "1"}
        with urllib.request.urlopen(urllib.request.Request(service.url + "/api/v1/setup", body, headers, method="POST")) as answer:
            cookie = answer.headers["set-cookie"].split(";")[0]
        made = service.request("POST", "/api/v1/keys", {"name": "front", "scope": "generate"}, {"cookie": cookie, "x-hotshot": "1"})
        return json.loads(made)["secret"]

    def at_remote(self, path):
        return self.remote.request("GET", path, headers={"authorization": f"Bearer {self.key}"})

    def remote_jobs(self):
        return json.loads(self.at_remote("/api/v1/jobs?limit=200"))["jobs"]

    def submit(self, provider, **changes):
        return self.front.submit(**dict({"model": f"{provider}/{MODEL}", "frames": None, "seconds": 1}, **changes))

    def relay(self):
        return [pid for pid in self.front.workers() if b"\0relay\0" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]

    def test_a_clip_of_a_provider_is_kept_like_our_own_and_the_key_is_nowhere(self):
        answers = []
        for interface in self.INTERFACES:
            identifier = self.submit(interface, steps=3, seed=5)
            job = self.front.wait(identifier)
            self.assertEqual(job["status"], "succeeded", job)
            self.assertEqual(set(job["files"]), {"video", "gif", "thumbnail", "spritesheet"})
            self.assertEqual((job["effective"]["provider"], job["effective"]["remote_model"]), (interface, MODEL))
            self.assertEqual((job["effective"]["frames"], job["effective"]["fps"]), (8, 8))
            video = self.front.video(identifier)
            self.assertEqual(video, self.at_remote(f"/api/v1/jobs/{job['effective']['remote_id']}/files/video"))
            answers += [video, json.dumps(job).encode()]
        self.assertEqual(len(self.remote_jobs()), len(self.INTERFACES))
        for path in ("/api/v1/models", "/api/v1/jobs", "/api/v1/session", "/api/v1/keys", "/api/v1/export", "/v1/models", "/v1/videos",
                     f"/v1/models/xai%2F{MODEL}", "/openrouter/api/v1/videos/models", "/"):
            answers.append(self.front.request("GET", path))
        self.front.end()
        kept = [file.read_bytes() for file in (self.folder / "front").rglob("*") if file.is_file()]
        self.assertGreater(len(kept), 10)
        for text in answers + kept:
            self.assertNotIn(self.key.encode(), text)

    def test_a_killed_relay_goes_on_with_the_same_clip_while_others_render_here(self):
        waiting = [self.submit(interface, steps=400) for interface in self.INTERFACES]
        for identifier in waiting:
            self.front.wait(identifier, ("running",))
        here = self.front.submit(steps=3)
        self.assertEqual(self.front.wait(here)["status"], "succeeded")
        self.assertNotIn("succeeded", [self.front.job(identifier)["status"] for identifier in waiting[1:]])
        for _ in range(4):
            for pid in self.relay():
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.7)
        for identifier in waiting:
            self.assertEqual(self.front.wait(identifier, seconds=120)["status"], "succeeded")
        self.assertEqual(len(self.remote_jobs()), len(waiting))

    def test_a_cancel_is_one_there_too(self):
        identifier = self.submit("openai", steps=1000)
        self.front.wait(identifier, ("running",))
        while not self.remote_jobs():
            time.sleep(0.05)
        self.front.json("POST", f"/api/v1/jobs/{identifier}/cancel")
        self.assertEqual(self.front.wait(identifier, seconds=10)["status"], "cancelled")
        self.assertEqual(self.remote_jobs(), [])

    def test_what_the_provider_says_no_to_fails_with_its_words(self):
        (self.folder / "front.toml").write_text((self.folder / "front.toml").read_text().replace(f'["{MODEL}"]', '["other"]'))
        self.front.end()
        self.front.start()
        job = self.front.wait(self.front.submit(model="openai/other", frames=None, seconds=1))
        self.assertEqual(job["status"], "failed")
        self.assertRegex(job["error"]["message"], r"\[provider\] openai: \[model\] expected one of .*\btiny\b.* but got 'other'")
        self.assertEqual(self.remote_jobs(), [])


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

    def test_openai_webhooks(self):
        service = self.serve("--webhook-hosts", "127.0.0.1")
        self.assertIn("all calls answered", self.node("webhooks.mjs", "openai-7", service.url + "/v1", MODEL))

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
