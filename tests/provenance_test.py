#!/usr/bin/env python3
"""Marks of origin, against the reference implementation of C2PA: python3 tests/provenance_test.py build/hotshot.
What hotshot signs must be valid there, what is signed there must hold here, and a changed byte must be found by both.
Needs Node 20 and npm (tests/c2pa); without them it is skipped."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
TINY = ROOT / "tests/golden/pipeline-wan"
LIBRARY = ROOT / "tests/c2pa"
PROGRAM = None
FORMATS = ("mp4", "gif", "webp", "png", "jpg")
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def why_not():
    """Why the reference implementation cannot be asked here; None where it can."""
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout if shutil.which("node") else ""
    if not re.match(r"v(2\d|[3-9]\d)\.", version) or not shutil.which("npm"):
        return "needs Node 20 and npm"
    if not (LIBRARY / "node_modules").exists():
        # Without its scripts, which would fetch more: what it needs is in the package.
        fetched = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=LIBRARY)
        if fetched.returncode != 0:
            shutil.rmtree(LIBRARY / "node_modules", ignore_errors=True)
            return "npm could not fetch the reference implementation"
    loads = subprocess.run(["node", "-e", "import('@contentauth/c2pa-node')"], cwd=LIBRARY, capture_output=True)
    return None if loads.returncode == 0 else "the package has no binary for this machine"


class Provenance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        reason = why_not()
        if reason:
            raise unittest.SkipTest(reason)
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="hotshot-provenance-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.environment = dict(os.environ, XDG_DATA_HOME=str(cls.folder / "data"), OMP_NUM_THREADS="1")
        for name, extra in (("ours", []), ("plain", ["--no-sign"])):
            outputs = [word for extension in FORMATS[:3] for word in ("-o", f"{name}.{extension}")]
            cls.generate("--frames", "5", *outputs, *extra)
            cls.generate("--frames", "1", "-o", f"{name}.png", "-o", f"{name}.jpg", *extra)
        cls.signing = cls.folder / "data/hotshot/signing"

    @classmethod
    def generate(cls, *words):
        done = cls.hotshot("generate", "a red cat", "--model", TINY, "--size", "48x32", "--steps", "2", "--seed", "1", *words)
        assert done.returncode == 0, done.stderr

    @classmethod
    def hotshot(cls, *words):
        return subprocess.run([PROGRAM, *map(str, words)], cwd=cls.folder, env=cls.environment, capture_output=True, text=True, timeout=120)

    def verify(self, name, status):
        done = self.hotshot("verify", name, "--json")
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def reference(self, *words):
        done = subprocess.run(["node", LIBRARY / "c2pa.mjs", *map(str, words)], cwd=self.folder, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(done.stdout) if done.stdout else None

    @staticmethod
    def failures(report):
        return {status["code"] for status in report["validation_results"]["activeManifest"]["failure"]}

    def flipped(self, name, at):
        """A copy of a file with one bit changed, `at` bytes before its end."""
        path = self.folder / name
        content = bytearray(path.read_bytes())
        content[-at] ^= 4
        changed = path.with_name("flipped" + path.suffix)
        changed.write_bytes(content)
        return changed.name

    def position(self, extension):
        """Of a byte of the picture, counted from the end."""
        if extension != "webp":
            return 600 if extension == "mp4" else 20  # an MP4 ends in XMP
        content = (self.folder / "ours.webp").read_bytes()
        return len(content) - content.index(b"ANMF") - 60

    def test_what_we_sign_is_valid_there(self):
        for extension in FORMATS:
            with self.subTest(extension):
                report = self.reference("read", f"ours.{extension}")
                self.assertEqual(report["validation_state"], "Valid", report)
                self.assertEqual(self.failures(report), {"signingCredential.untrusted"})
                manifest = report["manifests"][report["active_manifest"]]
                self.assertEqual(manifest["claim_generator_info"][0]["name"], "Hotshot")
                self.assertEqual(manifest["signature_info"]["alg"], "Es256")
                actions = next(a["data"] for a in manifest["assertions"] if a["label"].startswith("c2pa.actions"))
                self.assertEqual(actions["actions"][0]["action"], "c2pa.created")
                self.assertEqual(actions["actions"][0]["digitalSourceType"], SOURCE)

    def test_it_is_trusted_there_by_who_knows_our_authority(self):
        for extension in FORMATS:
            report = self.reference("read", f"ours.{extension}", self.signing / "chain.pem")
            self.assertEqual(report["validation_state"], "Trusted", report)

    def test_a_changed_byte_is_found_there_and_here(self):
        for extension in FORMATS:
            with self.subTest(extension):
                code = "assertion.bmffHash.mismatch" if extension == "mp4" else "assertion.dataHash.mismatch"
                changed = self.flipped(f"ours.{extension}", self.position(extension))
                report = self.reference("read", changed)
                self.assertEqual(report["validation_state"], "Invalid")
                self.assertIn(code, self.failures(report))
                ours = self.verify(changed, 1)
                self.assertEqual(ours["state"], "invalid")
                self.assertIn(code, {finding["code"] for finding in ours["c2pa"]["findings"]})

    def test_what_is_signed_there_holds_here(self):
        for extension in FORMATS:
            with self.subTest(extension):
                theirs = f"theirs.{extension}"
                self.reference("sign", f"plain.{extension}", theirs, self.signing / "chain.pem", self.signing / "key.pem")
                ours = self.verify(theirs, 0)
                self.assertEqual(ours["state"], "trusted")
                self.assertEqual(ours["c2pa"]["generator"], "reference")
                self.assertEqual(ours["c2pa"]["action"], "c2pa.created")
                self.assertEqual(ours["c2pa"]["digital_source_type"], SOURCE)
                changed = self.flipped(theirs, 20)
                self.assertEqual(self.verify(changed, 1)["state"], "invalid")

    def test_unsigned_files_say_so_there_and_here(self):
        for extension in FORMATS:
            ours = self.verify(f"plain.{extension}", 1)
            self.assertEqual((ours["state"], ours["c2pa"]), ("not_present", None))
            self.assertEqual(ours["iptc"], {"digital_source_type": SOURCE})
            self.assertEqual(ours["recipe"]["request"]["prompt"], "a red cat")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: provenance_test.py PROGRAM [unittest options]")
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
