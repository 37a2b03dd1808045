#!/usr/bin/env python3
"""Load on `hotshot serve`: python3 tests/load_test.py build/hotshot. Needs wrk (Debian package of that name) and an idle machine.
Prints a table; fails where a bar of docs/service.md is missed."""

import pathlib
import re
import resource
import selectors
import shutil
import socket
import subprocess
import sys
import threading
import unittest
import urllib.parse

import service_test
from service_test import ServiceTest

STREAMS = 1000
CONNECTIONS = 32
SECONDS = 8


class EventStreams:
    """Clients that read /api/v1/events and do nothing else."""

    def __init__(self, url, count):
        place = urllib.parse.urlsplit(url)
        self.received = [0] * count
        self.closed = 0
        self.selector = selectors.DefaultSelector()
        for index in range(count):
            client = socket.create_connection((place.hostname, place.port))
            client.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
            self.selector.register(client, selectors.EVENT_READ, index)
        self.reading = True
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while self.reading:
            for key, _ in self.selector.select(0.1):
                try:
                    data = key.fileobj.recv(65536)
                except ConnectionError:
                    data = b""
                self.received[key.data] += len(data)
                if not data:
                    self.closed += 1
                    self.selector.unregister(key.fileobj)

    def close(self):
        self.reading = False
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def status_reads(url):
    """Requests per second and the 99th percentile in milliseconds."""
    done = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", "--latency", url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in done or "Socket errors" in done:
        raise AssertionError(done)
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", done).groups()
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1]), float(value) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]


class Load(ServiceTest):
    def test_status_reads(self):
        if not shutil.which("wrk"):
            self.skipTest("needs wrk")
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        service = self.serve()
        read = service.submit(steps=2)
        service.wait(read)
        rows = []
        for path in (f"/api/v1/jobs/{read}", f"/v1/videos/{read}"):
            rows.append((f"idle, {path.rsplit('/', 1)[0]}/ID", *status_reads(service.url + path)))
        streams = EventStreams(service.url, STREAMS)
        self.addCleanup(streams.close)
        rendering = [service.submit(steps=1000, frames=49, size="96x96") for _ in range(6)]
        service.wait(rendering[0], ("running",))
        for path in (f"/api/v1/jobs/{read}", f"/v1/videos/{read}"):
            rows.append((f"rendering, {STREAMS} streams, {path.rsplit('/', 1)[0]}/ID", *status_reads(service.url + path)))
        self.assertNotIn(service.job(rendering[-1])["status"], ("succeeded", "failed"))
        for job in rendering:
            service.json("POST", f"/api/v1/jobs/{job}/cancel")
        for name, rate, slowest in rows:
            print(f"{name:60} {rate:8.0f} requests/s   99 % within {slowest:6.2f} ms")
        self.assertEqual(streams.closed, 0)
        self.assertGreater(min(streams.received), 0)
        for name, rate, slowest in rows:
            self.assertLess(slowest, 50, name)
            if name.startswith("idle"):
                self.assertGreater(rate, 10_000, name)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: load_test.py PROGRAM [unittest options]")
    service_test.PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
