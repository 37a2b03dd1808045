#!/usr/bin/env python3
"""Asks `hotshot serve` for something good in every operation of its own document, and compares the answers with it:
python3 tests/openapi_test.py build/hotshot. Standard library only."""

import http.server
import json
import pathlib
import re
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request
import uuid

import service_test
from openapi import Document
from service_test import LONG, ServiceTest

PASSWORD = "correct horse battery"
# A stream that does not end, links to what needs a signature made here, and what no model here can do.
UNSUPPORTED = {"openaiEditVideo", "openaiExtendVideo", "openaiCreateCharacter", "openaiGetCharacter", "openaiEditImage",
               "openaiVaryImage", "xaiEditVideo", "xaiExtendVideo"}
# Operations whose good answer needs another server, and that their own tests speak to.
ELSEWHERE = set()


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes every webhook."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Answers(ServiceTest):
    def setUp(self):
        super().setUp()
        receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        self.addCleanup(receiver.server_close)
        self.addCleanup(receiver.shutdown)
        self.receiver = "127.0.0.1:%d" % receiver.server_address[1]
        self.service = self.serve("--sign-in", "always", "--webhook-hosts", self.receiver)
        while "?setup=" not in self.service.welcome:
            self.service.welcome += self.service.process.stdout.readline()
        self.secret = re.search(r"\?setup=(\S+)", self.service.welcome)[1]
        self.document = Document(json.loads(self.service.request("GET", "/openapi.json")))
        self.operations = {operation["operationId"]: (method, path, operation) for method, path, operation in self.document.operations()}
        self.asked = set()
        self.cookie = None

    def ask(self, name, body=None, status=None, query="", data=None, content_type="application/json", headers=None, **captures):
        """Asks, and checks status, type and members of the answer. The answer: parsed JSON, or bytes."""
        method, path, operation = self.operations[name]
        self.asked.add(name)
        path = re.sub(r"\{(\w+)\}", lambda match: captures[match[1]], path)
        data = json.dumps(body).encode() if body is not None else data
        headers = dict({"cookie": self.cookie or "", "x-hotshot": "1"}, **(headers or {}))
        if data is not None:
            headers["content-type"] = content_type
        request = urllib.request.Request(self.service.url + path + query, data=data, headers=headers, method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            content = answer.read() if "event-stream" not in answer.headers.get("content-type", "") else answer.readline()
        if status is None:
            self.assertLess(answer.status, 300, f"{name}: {content[:300]}")
        else:
            self.assertEqual(answer.status, status, f"{name}: {content[:300]}")
        if answer.headers.get("set-cookie"):
            self.cookie = answer.headers["set-cookie"].split(";")[0]
        if answer.status in (204, 304):
            return b""
        media = answer.headers.get("content-type", "").split(";")[0]
        if answer.status < 300:
            self.assertIn(str(answer.status), operation["responses"], name)
            content_types = operation["responses"][str(answer.status)].get("content", {})
            if "application/octet-stream" in content_types or not content_types:
                return content
            self.assertIn(media, content_types, name)
        if media != "application/json":
            return content
        value = json.loads(content)
        self.assertEqual(self.document.problems(value, self.document.answer_schema(operation, answer.status, media), name), [])
        return value

    def done(self, identifier):
        for _ in range(1200):
            job = self.ask("getJob", id=identifier)
            if job["status"] not in ("queued", "running"):
                return job
            time.sleep(0.05)
        raise AssertionError(f"{identifier} is still {job['status']}")

    def test_every_operation_answers_as_the_document_says(self):
        for part in (self.people, self.webhooks, self.jobs, self.archive, self.openai, self.others, self.operating):
            part()
        missed = set(self.operations) - self.asked - ELSEWHERE
        self.assertEqual(missed, set(), "operations nobody asked for here")

    def people(self):
        self.ask("getSession")
        self.ask("listJobs", status=401)
        self.ask("setUp", {"secret": self.secret, "name": "Ann", "password": PASSWORD})
        self.ask("getSession")
        self.ask("signOut")
        self.ask("signIn", {"name": "Ann", "password": "wrong horse"}, status=401)
        self.ask("signIn", {"name": "Ann", "password": PASSWORD})
        self.ask("changePassword", {"current": PASSWORD, "password": PASSWORD + "!"})
        sessions = self.ask("listSessions")["sessions"]
        self.assertTrue(any(session["current"] for session in sessions))
        self.ask("endOtherSessions")
        self.ask("endSession", id="session_none")
        made = self.ask("makeKey", {"name": "k", "scope": "read", "expires_ms": 4102444800000})
        self.assertIn(made["key"]["id"], [key["id"] for key in self.ask("listKeys")["keys"]])
        self.ask("listJobs", headers={"cookie": "", "authorization": "Bearer " + made["secret"]})
        self.ask("revokeKey", id=made["key"]["id"])
        invited = self.ask("invite", {"name": "Bob", "role": "member", "clips_per_day": 3})
        secret = invited["invitation"]["url"].rsplit("/", 1)[1]
        self.ask("lookAtInvitation", {"secret": secret})
        identifier = invited["account"]["id"]
        self.ask("changeAccount", {"clips_per_day": None}, id=identifier)
        own, self.cookie = self.cookie, None
        self.ask("acceptInvitation", {"secret": secret, "password": PASSWORD})
        self.cookie = own
        self.ask("listAccounts")
        self.ask("resetAccount", id=identifier)
        self.ask("removeAccount", id=identifier, query="?clips=remove")
        self.assertTrue(self.ask("listAudit")["entries"])

    def webhooks(self):
        url = f"http://{self.receiver}/"
        made = self.ask("makeWebhook", {"name": "w", "url": url})["webhook"]["id"]
        self.assertTrue(self.ask("listWebhooks")["webhooks"])
        self.ask("getWebhook", id=made)
        self.ask("changeWebhook", {"name": "v"}, id=made)
        self.ask("rotateWebhook", {"keep_old": True}, id=made)
        self.assertTrue(self.ask("testWebhook", {}, id=made)["delivered"])
        self.done(self.ask("createJobs", dict(LONG, steps=2))["jobs"][0]["id"])
        for _ in range(100):
            deliveries = self.ask("listDeliveries", id=made, query="?limit=5")["deliveries"]
            if deliveries and deliveries[0]["state"] == "delivered":
                break
            time.sleep(0.1)
        self.ask("retryDelivery", id=made, delivery=deliveries[0]["id"])
        self.ask("removeWebhook", id=made)
        types = self.ask("openaiListEventTypes")["data"]
        made = self.ask("openaiCreateEndpoint", {"name": "w", "url": url, "event_types": types})["id"]
        self.ask("openaiListEndpoints", query="?limit=1")
        self.ask("openaiGetEndpoint", id=made)
        self.ask("openaiChangeEndpoint", {"name": "v"}, id=made)
        self.ask("openaiRotateSecret", {}, id=made)
        self.ask("openaiTestEndpoint", {"event_type": types[0]}, id=made)
        self.ask("openaiDeleteEndpoint", id=made)

    def jobs(self):
        self.ask("listModels")
        self.ask("listWords")
        self.ask("listIdeas", query="?language=zh")
        request = dict(LONG, steps=3, folder="f", count=2)
        first, second = self.ask("createJobs", request, headers={"idempotency-key": "k"})["jobs"]
        self.ask("createJobs", request, status=200, headers={"idempotency-key": "k"})
        self.ask("createJobs", dict(request, steps="many"), status=400)
        long = self.ask("createJobs", dict(LONG, steps=1000, frames=49, size="96x96", parent=first["id"], relation="remix"))["jobs"][0]
        self.ask("listJobs", query="?limit=2&status=queued,running&q=cat")
        job = self.done(first["id"])
        self.assertEqual(job["status"], "succeeded", job)
        for _ in range(1000):
            running = self.ask("getJob", id=long["id"])
            if running["progress"] and running["progress"]["preview"]:
                break
            time.sleep(0.05)
        self.ask("getJobPreview", id=long["id"])
        self.ask("cancelJob", id=long["id"])
        self.assertEqual(self.done(long["id"])["status"], "cancelled")
        self.ask("retryJob", id=first["id"])
        self.ask("changeJob", {"favourite": True, "title": "t"}, id=first["id"])
        self.assertEqual(self.ask("getJobFile", id=first["id"], role="video", query="?download=1")[4:8], b"ftyp")
        self.ask("getJobFile", id=first["id"], role="video", status=206, headers={"range": "bytes=4-7"})
        self.ask("getJobFile", id=first["id"], role="nothing", status=404)
        self.assertTrue(self.ask("getJobLineage", id=first["id"])["descendants"])
        self.assertEqual(self.ask("listFolders")["folders"], ["f"])
        url = self.ask("shareJob", id=first["id"])["share_url"]
        secret = url.rsplit("/", 1)[1]
        self.ask("getSharedPage", secret=secret)
        self.ask("getSharedFile", secret=secret, role="video")
        self.ask("getSharedStyle")
        self.ask("unshareJob", id=first["id"])
        self.ask("getSharedPage", secret=secret, status=404)
        boundary = uuid.uuid4().hex
        video = self.ask("getJobFile", id=first["id"], role="video")
        form = (f"--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\n\r\n".encode() + video
                + f"\r\n--{boundary}--\r\n".encode())
        for name in ("readRecipe", "verifyFile", "openaiCheckProvenance"):
            self.ask(name, data=form, content_type=f"multipart/form-data; boundary={boundary}")
        self.ask("listen")
        self.done(second["id"])
        self.ask("removeJob", id=second["id"])
        self.made = first["id"]

    def archive(self):
        packed = self.ask("exportAll")
        self.assertEqual(self.ask("importAll", data=packed, content_type="application/zip")["added"], 0)

    def openai(self):
        video = self.ask("openaiCreateVideo", {"prompt": "a red cat", "model": service_test.MODEL, "seconds": "1", "steps": 2})
        self.done(video["id"])
        self.ask("openaiGetVideo", id=video["id"])
        self.ask("openaiGetVideo", id="video_none", status=404)
        self.ask("openaiListVideos", query="?limit=1")
        self.ask("openaiGetContent", id=video["id"], query="?variant=thumbnail")
        remix = self.ask("openaiRemix", {"prompt": "a blue cat"}, id=video["id"])
        self.ask("openaiDeleteVideo", id=remix["id"])
        self.ask("openaiListModels")
        self.ask("openaiGetModel", id=service_test.MODEL)
        image = {"prompt": "a cat", "model": service_test.MODEL, "size": "32x32"}
        self.ask("openaiCreateImage", image)
        link = self.ask("openaiCreateImage", dict(image, output_format="gif", frame_count=2, response_format="url"))["data"][0]["url"]
        found = re.search(r"/files/([^/]+)/(\w+)(\?.*)", link)
        self.ask("getSignedFile", id=found[1], role=found[2], query=found[3])
        self.ask("getSignedFile", id=found[1], role=found[2], query="?until=1&by=x", status=403)
        for name in UNSUPPORTED & {name for name in self.operations if name.startswith("openai")}:
            self.ask(name, {} if self.operations[name][0] == "POST" else None, status=400, id="x")

    def others(self):
        accepted = self.ask("xaiCreateVideo", {"prompt": "a red cat", "model": service_test.MODEL, "duration": 1, "steps": 2})
        self.ask("xaiGetVideo", id=accepted["request_id"])
        self.done(accepted["request_id"])
        self.ask("xaiGetVideo", id=accepted["request_id"], status=200)
        for name in ("xaiEditVideo", "xaiExtendVideo"):
            self.ask(name, {}, status=400)
        video = self.ask("openrouterCreateVideo", {"prompt": "a red cat", "model": service_test.MODEL, "duration": 1})
        self.done(video["id"])
        self.ask("openrouterGetVideo", id=video["id"])
        self.ask("openrouterGetContent", id=video["id"], query="?index=0")
        self.ask("openrouterListModels")
        self.ask("mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        self.ask("mcp", {"jsonrpc": "2.0", "id": 1, "method": "none"})
        self.ask("mcp", {"jsonrpc": "2.0", "method": "notifications/initialized"}, status=202)

    def operating(self):
        for name in ("getHealth", "getReadiness", "getMetrics", "getDocument", "getStudio"):
            self.ask(name)
        metrics = self.ask("getMetrics").decode()
        self.assertRegex(metrics, r'hotshot_jobs_ended_total\{kind="video",model="tiny",status="succeeded"\} [1-9]')
        self.assertRegex(metrics, r'hotshot_step_milliseconds_count\{model="tiny"\} [1-9]')
        self.assertRegex(metrics, r"hotshot_workers 1\n")
        log = (self.service.folder / "log.txt").read_text()
        for secret in ("red cat", PASSWORD, self.secret, self.cookie, "sk-"):
            self.assertNotIn(secret, log)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: openapi_test.py PROGRAM [unittest options]")
    service_test.PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
