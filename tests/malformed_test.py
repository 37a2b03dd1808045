#!/usr/bin/env python3
"""Sends `hotshot serve` what it should not be sent, made from its own OpenAPI document by a seeded generator, and slow and broken
connections by the hundred: python3 tests/malformed_test.py build/hotshot [--requests N] [--seed N]. Nothing may be a 5xx that the
document does not name, nothing may end the server or keep it from answering others, and its memory must stay where it is."""

import json
import os
import pathlib
import random
import re
import socket
import sys
import threading
import time
import unittest
import urllib.parse

import service_test
from openapi import Document
from service_test import ServiceTest

REQUESTS = 2500
SEED = 1
MOST_GROWTH = 96 << 20  # of the server's memory, after the first requests
HUGE = ["9" * 400, "1e999", "-1e999", "-0", "9223372036854775808", "-9223372036854775809", "1e-400", "0.1e1", "NaN", "Infinity"]
TEXTS = ["", "\x00", "a\r\nx-injected: 1", "\u202e\ufeff", "../../../etc/passwd", "%2e%2e%2f", "'; DROP TABLE jobs; --", "<script>alert(1)</script>",
         "{{7*7}}", "${jndi:ldap://x}", "\ud800", "\U0001f600" * 300, "a" * 70_000, "红猫", "NULL", "true", "[]", "__proto__", "%s%n%x"]
PATHS = ["x", "video_none", "..%2f..%2fetc%2fpasswd", "%2e%2e", "..", ".", "%00", "%ff%fe", "%", "%zz", "a%2fb", "a" * 9000, "%25%32%66", "~", "*",
         "%E7%BA%A2", ";x=1", "a\\b", "-1", "0", "{id}", "'\"`"]
TYPES = ["application/json", "application/json; charset=utf-7", "APPLICATION/JSON", "text/plain", "application/xml", "multipart/form-data",
         "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 500, "application/x-www-form-urlencoded", "application/zip",
         "/", ";;;", "a" * 5000, "application/octet-stream", None]
HEADERS = ["Range: bytes=0-0,2-3,5-", "Range: bytes=9-1", "Range: bytes=-", "Range: bytes=" + "0-1," * 2000, "Range: lines=1", "Range: bytes=99999999999999999999-",
           "If-None-Match: *", 'If-None-Match: "', "If-Modified-Since: yesterday", "If-Range: x", "Idempotency-Key: " + "k" * 300, "Idempotency-Key: k",
           "Last-Event-ID: 99999999999999999999999", "Last-Event-ID: -5", "Last-Event-ID: x", "X-Stainless-Retry-Count: 1", "X-Stainless-Retry-Count: -9e9",
           "Origin: https://evil.example", "Origin: null", "Authorization: Bearer ", "Authorization: Bearer sk-" + "x" * 43, "Authorization: Basic YTpi",
           "Authorization: " + "b" * 20_000, "Cookie: hotshot_session=" + "s" * 43, "Cookie: " + ";=" * 4000, "Cookie: hotshot_session",
           "Accept: application/nonsense", "Accept-Encoding: *;q=0", "MCP-Protocol-Version: 9999-99-99", "X-Forwarded-For: 1.2.3.4, ::", "Forwarded: for=[",
           "Expect: 100-continue", "Expect: miracles", "Upgrade: websocket", "Connection: keep-alive, x-hotshot", "Transfer-Encoding: gzip",
           "Transfer-Encoding: chunked, identity", "Content-Length: 5, 6", "Content-Length: -1", "Content-Length: 0x10", "X:y\x00z", "X : y", " folded: x",
           "\tx: y", "No colon here", "X: \r", ":", "X: " + "h" * 40_000, "Host: evil.example", "Host: a b", "Host: [::1", "TE: trailers", "x-hotshot: 1"]


class Client:
    """One request on one connection, byte by byte as given."""

    def __init__(self, url):
        place = urllib.parse.urlsplit(url)
        self.address = (place.hostname, place.port)
        self.host = place.netloc

    def connect(self, timeout=10, receive_buffer=None):
        connection = socket.socket()
        connection.settimeout(timeout)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.connect(self.address)
        return connection

    def ask(self, data, timeout=10, patience=10):
        """(status, headers, body); status 0 where the server only closed, -1 where it still waits or is at it after `patience`."""
        with self.connect(timeout) as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # answered and closed before all of it was there: the answer is what counts
            received, deadline = b"", time.time() + patience
            connection.settimeout(patience)
            try:
                while time.time() < deadline and (piece := connection.recv(65536)):
                    received += piece
                    if b"text/event-stream" in received.partition(b"\r\n\r\n")[0]:
                        break
            except TimeoutError:
                return -1, {}, received
            except ConnectionError:
                pass
        head, _, body = received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1."):
            return 0, {}, received
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        return int(lines[0].split()[1]), headers, body

    def get(self, path, headers=""):
        return self.ask(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n{headers}\r\n".encode())


class Hostile:
    """Requests of one kind of mischief after the other, from the document."""

    def __init__(self, document, host, chance, identifiers, sign_in):
        self.document, self.host, self.chance = document, host, chance
        self.identifiers, self.sign_in = identifiers, sign_in
        self.operations = list(document.operations())

    def __iter__(self):
        while True:
            for method, path, operation in self.operations:
                yield method, path, operation, self.request(method, path, operation)

    def request(self, method, path, operation):
        chance = self.chance
        target = re.sub(r"\{\w+\}", lambda _: chance.choice(self.identifiers + PATHS[:1] if chance.random() < 0.75 else PATHS), path)
        target += self.query(operation)
        if chance.random() < 0.03:
            target = chance.choice(["//", "/../../etc/passwd", "http://evil.example" + target, "*", "", target + "#x", target + " x", target * 200, "\x7f"])
        body, media = self.body(operation)
        if chance.random() < 0.1:
            media = chance.choice(TYPES)
        headers = chance.choices(HEADERS, k=chance.choice([0] * 8 + [1, 1, 1, 2, 5]))
        headers.append(chance.choice(self.sign_in))
        if media is not None:
            headers.append("Content-Type: " + media)
        if chance.random() < 0.03:
            method = chance.choice(["HEAD", "OPTIONS", "PUT", "TRACE", "CONNECT", "get", "G" * 3000, "G\x00T", ""])
        return self.framed(f"{method} {target} {chance.choice(['HTTP/1.1'] * 150 + ['HTTP/1.0', 'HTTP/2.0', 'HTTP/9', 'x', ''])}", headers, body)

    def framed(self, line, headers, body):
        chance = self.chance
        lines = [line] + ([f"Host: {self.host}"] if chance.random() < 0.99 else []) + ["Connection: close"] + [header for header in headers if header]
        head = "\r\n".join(lines).encode("utf-8", "surrogatepass")
        kind = chance.random()
        if kind < 0.82:
            framing, sent = f"Content-Length: {len(body)}", body
        elif kind < 0.9:
            framing, sent = "Transfer-Encoding: chunked", self.chunked(body)
        elif kind < 0.93:
            framing, sent = f"Content-Length: {len(body) + chance.choice([1, 1000, 10 ** 12])}", body  # it ends early
        elif kind < 0.95:
            framing, sent = f"Content-Length: {len(body)}\r\nTransfer-Encoding: chunked", self.chunked(body)
        elif kind < 0.97:
            framing, sent = f"Content-Length: {len(body)}\r\nContent-Length: {len(body) + 1}", body
        else:
            framing, sent = "X: none", body
        request = head + b"\r\n" + framing.encode() + b"\r\n\r\n" + sent
        if chance.random() < 0.03:
            request = request[:chance.randrange(len(request))]
        if chance.random() < 0.03:
            at = chance.randrange(len(request))
            request = request[:at] + chance.randbytes(chance.choice([1, 4, 50])) + request[at + 1:]
        return request

    def chunked(self, body):
        chance = self.chance
        pieces = [body[at:at + 700] for at in range(0, len(body), 700)]
        sent = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        return chance.choice([sent] * 6 + [sent[:-7], b"zz\r\n" + sent, b"ffffffffffffffffff\r\n" + sent, b"-1\r\n" + sent, b"5;" + b"e" * 50_000 + b"\r\nabcde\r\n0\r\n\r\n",
                                          sent[:-2] + b"X-Trailer: 1\r\nContent-Length: 3\r\n\r\n", b"3\r\nabcdef\r\n0\r\n\r\n"])

    def query(self, operation):
        chance, pairs = self.chance, []
        for parameter in operation.get("parameters", []):
            if parameter["in"] != "query" or chance.random() < 0.4:
                continue
            right = urllib.parse.quote(str(self.document.sample(parameter["schema"], chance)))
            wrong = chance.choice([urllib.parse.quote(chance.choice(TEXTS)[:3000].encode("utf-8", "surrogatepass")), *HUGE, "%ff%00", "%", "", "&", "a=b"])
            pairs += [f"{parameter['name']}={chance.choice([right, wrong])}"] * chance.choice([1, 1, 1, 2])
        if chance.random() < 0.05:
            pairs.append(chance.choice(["=", "&&&", "x" * 20_000, "a=1;b=2", "%00=%00"]))
        return "?" + "&".join(pairs) if pairs else ""

    def body(self, operation):
        """(bytes, media type): what the document wants, or a wreck of it."""
        chance = self.chance
        content = operation.get("requestBody", {}).get("content", {})
        if not content:
            return (b"", None) if chance.random() < 0.8 else (chance.randbytes(chance.choice([1, 100, 5000])), "application/json")
        media = chance.choice(list(content))
        schema = content[media].get("schema", {})
        value = self.document.sample(schema, chance) if schema else {}
        if media == "multipart/form-data":
            return self.form(value)
        if media == "application/x-www-form-urlencoded":
            return urllib.parse.urlencode({name: "" if item is None else item for name, item in value.items()}).encode(), media
        if media != "application/json":
            return chance.choice([b"", b"PK\x03\x04" + chance.randbytes(2000), chance.randbytes(3000), b"PK\x05\x06" + bytes(18)]), media
        return self.json(value), media

    def json(self, value):
        chance = self.chance
        kind = chance.random()
        if kind < 0.15 or not isinstance(value, dict):
            return json.dumps(value).encode()
        if kind < 0.25:
            return chance.choice([b"", b"null", b"[]", b'"x"', b"{", b"[" * 100_000, b'{"a":' * 50_000, b'{"prompt":"' + b"\xff\xfe" + b'"}', b"\xef\xbb\xbf{}", b"{}x", b"1e999",
                                  b'{"prompt":"\\ud800"}', b'{"prompt":"a","prompt":5}', chance.randbytes(400), b'{"":{"":{}}}', b'{"prompt":' + b"9" * 10_000 + b"}"])
        for name in chance.sample(sorted(value), k=min(len(value), chance.choice([1, 1, 2]))):
            value[name] = chance.choice([None, True, [], {}, [[[[1]]]], {"a": {"b": [None] * 50}}, -1, 0, 2 ** 63, -2 ** 63, 1e308, 0.5, chance.choice(TEXTS), "RAW"])
        if chance.random() < 0.3:
            value[chance.choice(["x", "", "__proto__", "device", "threads", "dtype", "owner", "a" * 300])] = chance.choice([1, "x", None, {}])
        if chance.random() < 0.2 and value:
            value.pop(chance.choice(sorted(value)))
        return re.sub('"RAW"', lambda _: chance.choice(HUGE), json.dumps(value)).encode("utf-8", "surrogatepass")

    def form(self, value):
        chance, boundary = self.chance, chance_boundary(self.chance)
        names = list(value) + chance.choices(["a[b][c]", "a[]", "a[", "[", "a[b][c][d][e][f][g]", "input_reference[image_url]", "file", "", "n" * 3000], k=chance.choice([0, 0, 1, 4]))
        parts = []
        for name in names * chance.choice([1, 1, 1, 2, 400]):
            text = chance.choice([str(value.get(name, "x")), chance.choice(TEXTS)])
            file = chance.choice(["", "", "", '; filename="../../x.mp4"', '; filename="a\x00b"', "; filename*=utf-8''%ff", '; filename="' + "f" * 3000 + '"'])
            extra = chance.choice(["", "", "", "Content-Type: video/mp4\r\n", "Content-Transfer-Encoding: base64\r\n", "X: " + "p" * 9000 + "\r\n", "broken header\r\n"])
            parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n{extra}\r\n{text}\r\n')
        data = ("".join(parts) + f"--{boundary}--\r\n").encode("utf-8", "surrogatepass")
        data = chance.choice([data] * 6 + [data[:len(data) // 2], data[:-4], data.replace(b"\r\n", b"\n"), b"preamble" + data, data + b"epilogue" * 100])
        return data, f"multipart/form-data; boundary={boundary}"


def chance_boundary(chance):
    return chance.choice(["b", "----WebKitFormBoundary" + str(chance.randrange(10 ** 9)), "x" * 70, "'()+_,-./:=?"[:chance.randrange(2, 12)]])


class Pulse:
    """Asks for /healthz all the time; knows the longest it took."""

    def __init__(self, client):
        self.client, self.worst, self.failures, self.beats = client, 0.0, [], 0
        self.beating = True
        self.thread = threading.Thread(target=self.beat, daemon=True)
        self.thread.start()

    def beat(self):
        while self.beating:
            started = time.time()
            try:
                status = self.client.get("/healthz")[0]
                if status != 200:
                    self.failures.append(status)
            except OSError as error:
                self.failures.append(error)
            self.worst = max(self.worst, time.time() - started)
            self.beats += 1
            time.sleep(0.05)

    def stop(self):
        self.beating = False
        self.thread.join()


class Besieged(ServiceTest):
    """A service of its own without workers, and a pulse."""

    def begin(self, *options):
        self.service = self.serve("--workers", "0", *options)
        self.client = Client(self.service.url)
        self.pulse = Pulse(self.client)
        self.addCleanup(self.pulse.stop)
        status, _, body = self.client.get("/openapi.json")
        self.assertEqual(status, 200)
        self.document = Document(json.loads(body))

    def metric(self, name):
        _, _, body = self.client.get("/metrics", getattr(self, "credentials", ""))
        return float(re.search(rf"^{name} (\S+)$", body.decode(), re.M)[1])

    def memory(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.service.process.pid}/status").read_text())[1]) << 10

    def check_alive(self):
        self.assertIsNone(self.service.process.poll(), (self.service.folder / "log.txt").read_text()[-2000:])
        self.pulse.stop()
        self.assertEqual(self.pulse.failures, [])
        self.assertGreater(self.pulse.beats, 0)
        self.assertLess(self.pulse.worst, 3)


class Malformed(Besieged):
    def check_answer(self, operation, request, answer):
        status, headers, body = answer
        shown = f"{request[:600]!r} → {status} {body[:300]!r}"
        documented = operation["responses"]
        self.assertFalse(status >= 500 and status != 501 and str(status) not in documented, shown)
        self.assertNotIn("x-injected", headers, shown)
        if status < 100 or headers.get("content-type") != "application/json" or not body or "transfer-encoding" in headers:
            return
        value = json.loads(body)
        if status >= 400 and "jsonrpc" not in value:
            self.assertEqual(self.document.problems(value, {"$ref": "#/components/schemas/Error"}), [], shown)

    def storm(self, identifiers, sign_in, requests):
        hostile = Hostile(self.document, self.client.host, random.Random(SEED), identifiers, sign_in)
        before, statuses = None, {}
        for number, (method, path, operation, request) in enumerate(hostile):
            if number == requests:
                break
            if number == requests // 4:
                before = self.memory()
            # Pictures are answered when they are made, and nobody makes them here.
            patience = 0.05 if "images" in path else 10
            answer = self.client.ask(request, patience=patience)
            self.assertFalse(answer[0] == -1 and patience == 10, f"no answer within 10 s: {request[:600]!r}")
            self.check_answer(operation, request, answer)
            statuses[answer[0]] = statuses.get(answer[0], 0) + 1
        self.assertLess(self.memory() - before, MOST_GROWTH)
        refused = self.metric("hotshot_requests_refused_total")
        self.check_alive()
        log = (self.service.folder / "log.txt").read_text()
        self.assertEqual([line for line in log.splitlines() if re.match(r"hotshot serve: \w{24} ", line)], [], "failures of ours")
        print(f"\n{requests} requests, {refused:.0f} of them refused before a route: " + ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
              + f"; memory {before >> 20} → {self.memory() >> 20} MiB; /healthz at most {self.pulse.worst * 1000:.0f} ms", file=sys.stderr)

    def test_where_nobody_signs_in(self):
        self.begin()
        jobs = [self.service.submit(steps=2) for _ in range(3)]
        self.storm(jobs, ["", "", "", "Authorization: Bearer x"], REQUESTS // 2)

    def test_where_everybody_signs_in(self):
        self.begin("--sign-in", "always")
        while "?setup=" not in self.service.welcome:
            self.service.welcome += self.service.process.stdout.readline()
        secret = re.search(r"\?setup=(\S+)", self.service.welcome)[1]
        body = json.dumps({"secret": secret, "name": "Ann", "password": "correct horse"}).encode()
        post = "POST {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n"
        status, headers, _ = self.client.ask(post.format("/api/v1/setup", self.client.host, len(body), "").encode() + body)
        self.assertEqual(status, 200)
        cookie = "Cookie: " + headers["set-cookie"].split(";")[0]
        body = json.dumps({"name": "k", "scope": "admin"}).encode()
        _, _, answer = self.client.ask(post.format("/api/v1/keys", self.client.host, len(body), cookie + "\r\nx-hotshot: 1\r\n").encode() + body)
        key = "Authorization: Bearer " + json.loads(answer)["secret"]
        self.credentials = key + "\r\n"
        # The key stays good whatever else is ended, so the storm goes deep to its end.
        self.storm(["acct_local", "me"], [key, key, key, cookie, "", "Authorization: Bearer sk-" + "x" * 43], REQUESTS // 2)
        self.assertEqual(self.client.get("/api/v1/jobs", key + "\r\n")[0], 200)

    def test_random_bytes(self):
        self.begin()
        chance = random.Random(SEED)
        for _ in range(REQUESTS // 8):
            data = chance.randbytes(chance.choice([1, 20, 500, 20_000]))
            status, _, _ = self.client.ask(chance.choice([b"", b"GET / HTTP/1.1\r\n", b"POST /v1/videos HTTP/1.1\r\nHost: x\r\n"]) + data)
            self.assertIn(status, (0, 400, 408, 413, 414, 421, 431, 501, 505))
        self.check_alive()


class Slow(Besieged):
    COUNT = 300

    def crowd(self, first, receive_buffer=None):
        """Connections that have sent `first`."""
        crowd = []
        for _ in range(self.COUNT):
            connection = self.client.connect(receive_buffer=receive_buffer)
            connection.sendall(first)
            crowd.append(connection)
        self.addCleanup(lambda: [connection.close() for connection in crowd])
        return crowd

    def drip(self, crowd, data, seconds):
        """A byte to each now and then. Those that the server has ended are counted."""
        ended, deadline = set(), time.time() + seconds
        while time.time() < deadline and len(ended) < len(crowd):
            for index, connection in enumerate(crowd):
                try:
                    connection.sendall(data)
                    connection.setblocking(False)
                    if connection.recv(1000):
                        ended.add(index)
                except BlockingIOError:
                    pass
                except OSError:
                    ended.add(index)
                connection.settimeout(10)
            time.sleep(0.5)
        return len(ended)

    def test_heads_that_never_end(self):
        self.begin()
        before = self.memory()
        crowd = self.crowd(f"GET / HTTP/1.1\r\nHost: {self.client.host}\r\n".encode())
        self.assertEqual(self.drip(crowd, b"x", 20), self.COUNT)  # 408 after 10 seconds, however busy they look
        self.assertLess(self.memory() - before, MOST_GROWTH)
        self.check_alive()

    def test_bodies_that_never_end_and_answers_that_nobody_reads(self):
        self.begin()
        before = self.memory()
        head = f"POST /api/v1/jobs HTTP/1.1\r\nHost: {self.client.host}\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
        bodies = self.crowd(head.encode())
        one = f"GET /openapi.json HTTP/1.1\r\nHost: {self.client.host}\r\n\r\n".encode()
        readers = self.crowd(one * 200, receive_buffer=4096)  # 18 MB are asked for by each that reads nothing
        self.drip(bodies, b" ", 3)
        self.assertLess(self.memory() - before, MOST_GROWTH)
        self.assertLess(self.pulse.worst, 3)
        for connection in bodies + readers:
            connection.close()
        deadline = time.time() + 10
        while time.time() < deadline:
            connections = self.metric("hotshot_connections")
            if connections < 10:
                break
            time.sleep(0.1)
        self.assertLess(connections, 10)
        self.check_alive()

    def test_bodies_that_are_too_large_or_break_off(self):
        self.begin()
        host = f"Host: {self.client.host}\r\nContent-Type: application/json\r\n"
        self.assertEqual(self.client.ask(f"POST /api/v1/jobs HTTP/1.1\r\n{host}Content-Length: {2 << 20}\r\n\r\n".encode())[0], 413)
        endless = f"POST /api/v1/jobs HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n".encode() + b"10000\r\n" + b"x" * 65536 + b"\r\n"
        self.assertEqual(self.client.ask(endless + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 20)[0], 413)
        for length in range(0, 400, 7):
            whole = f"POST /v1/videos HTTP/1.1\r\n{host}Content-Length: 300\r\n\r\n".encode() + b"x" * 300
            self.assertIn(self.client.ask(whole[:length])[0], (0, 400))
        self.assertEqual(os.listdir(self.service.folder / "data/spool"), [])
        self.check_alive()


if __name__ == "__main__":
    for name in ("--requests", "--seed"):
        if name in sys.argv:
            value = int(sys.argv.pop(sys.argv.index(name) + 1))
            sys.argv.remove(name)
            REQUESTS, SEED = (value, SEED) if name == "--requests" else (REQUESTS, value)
    if len(sys.argv) < 2:
        sys.exit("usage: malformed_test.py PROGRAM [--requests N] [--seed N] [unittest options]")
    service_test.PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
