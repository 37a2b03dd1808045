#!/usr/bin/env python3
"""Runs the program as a person would: python3 tests/cli_test.py build/hotshot. Standard library only."""

import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
TINY = ROOT / "tests/golden/pipeline-wan"
PROGRAM = None
FAST = ["--model", str(TINY), "--size", "48x32", "--frames", "5", "--steps", "2", "--seed", "1"]


class Cli(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hotshot-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def run_program(self, *args, **options):
        environment = dict(os.environ, HOTSHOT_MODELS=str(self.folder / "models"), XDG_DATA_HOME=str(self.folder / "data"))
        return subprocess.run([PROGRAM, *map(str, args)], cwd=self.folder, env=environment, capture_output=True,
                              text=True, timeout=120, **options)

    def succeeds(self, *args):
        done = self.run_program(*args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def refused(self, pattern, *args, status=2):
        """One line on stderr that matches, the exit status, nothing on stdout, no file left."""
        before = self.files()
        done = self.run_program(*args)
        self.assertEqual(done.returncode, status, f"{args}: {done.stderr}")
        self.assertRegex(done.stderr, r"\Ahotshot: \[[^\]\n]+\] [^\n]+\n\Z", args)
        self.assertRegex(done.stderr, pattern, args)
        self.assertEqual(done.stdout, "", args)
        self.assertEqual(self.files(), before, args)

    def files(self):
        """All but the keys that signing makes at first use."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*")
                      if path.is_file() and path.parent.name != "signing")


class Usage(Cli):
    def test_no_command_explains_itself(self):
        done = self.run_program()
        self.assertEqual(done.returncode, 2)
        self.assertIn("generate", done.stderr)

    def test_help_and_version(self):
        self.assertIn("reproduce", self.succeeds("--help").stdout)
        self.assertRegex(self.succeeds("--version").stdout, r"^hotshot \d+\.\d+\.\d+\n$")
        for command in (["generate"], ["models"], ["models", "import"], ["reproduce"], ["world"], ["world", "render"]):
            self.assertIn("Usage", self.succeeds(*command, "--help").stdout)
        self.assertIn("--negative", self.succeeds("generate", "--help").stdout)

    def test_unknown_names_get_a_suggestion(self):
        self.refused("did you mean generate", "generat")
        self.refused("expected one of", "xyzzy")
        self.refused("did you mean --steps", "generate", "x", "--stesp", "3")
        self.refused("unknown flag", "generate", "x", "--xyzzy")
        self.refused("quotes", "generate", "a", "red", "car")
        self.refused("did you mean show", "models", "shwo")


class Generate(Cli):
    def test_every_format(self):
        for extension, magic in (("mp4", b"ftyp"), ("webm", b"\x1aE\xdf\xa3"), ("gif", b"GIF89a"), ("webp", b"WEBP")):
            done = self.succeeds("generate", "a red cat", *FAST, "-o", f"a.{extension}")
            self.assertIn(f"a.{extension}  48x32, 5 frames at 16 fps (5 made), seed 1", done.stdout)
            self.assertIn(magic, (self.folder / f"a.{extension}").read_bytes()[:16])
        for extension in ("png", "jpg"):
            self.succeeds("generate", "a red cat", *FAST, "-o", f"a.{extension}")
            self.assertEqual(len(list(self.folder.glob(f"a_*.{extension}"))), 5)
        self.assertFalse(list(self.folder.glob(".*")))

    def test_several_outputs_clips_and_a_contact_sheet(self):
        self.succeeds("generate", "a red cat", *FAST, "--count", "2", "-o", "a.mp4", "-o", "b.gif", "--contact-sheet",
                      "sheet.png")
        self.assertEqual(self.files(), ["a-1.mp4", "a-2.mp4", "b-1.gif", "b-2.gif", "sheet.png"])
        width, height = struct.unpack(">II", (self.folder / "sheet.png").read_bytes()[16:24])
        self.assertGreater(width, 5 * 48)
        self.assertGreater(height, 2 * 32)

    def test_loops_there_and_back_in_the_quality_asked_for(self):
        finish = ["--loop", "3", "--ping-pong", "--quality", "30"]
        done = self.succeeds("generate", "a red cat", *FAST, *finish, "-o", "a.gif", "-o", "a.webp", "-o", "a.jpg", "-q")
        self.assertIn("a.gif  48x32, 8 frames at 16 fps (5 made), seed 1", done.stdout)
        # The GIF's extension counts what comes after the first time.
        self.assertIn(b"NETSCAPE2.0\x03\x01\x02\x00", (self.folder / "a.gif").read_bytes())
        webp = (self.folder / "a.webp").read_bytes()
        self.assertEqual(webp[webp.index(b"ANIM") + 12:][:2], b"\x03\x00")
        frames = [(self.folder / f"a_{number:04}.jpg").read_bytes() for number in range(1, 9)]
        self.assertEqual(frames[1:4], frames[7:4:-1])
        self.succeeds("generate", "a red cat", *FAST, "-o", "b.jpg", "-q")
        self.assertLess(len(frames[0]), (self.folder / "b_0001.jpg").stat().st_size)
        for name in ("a.gif", "a.webp", "a_0007.jpg"):
            self.assertIn("the same bytes again", self.succeeds("reproduce", name, "--model", TINY).stdout)
        self.refused("--loop", "generate", "x", *FAST, "--loop", "65536")
        self.refused("--quality", "generate", "x", *FAST, "--quality", "101")

    def test_the_same_bytes_again_whatever_the_threads(self):
        names = []
        for threads in (1, 2, 3):
            names.append(f"t{threads}.mp4")
            self.succeeds("generate", "a red cat", *FAST, "--threads", threads, "-o", names[-1])
        first, *others = [(self.folder / name).read_bytes() for name in names]
        self.assertTrue(all(other == first for other in others))

    def test_extra_frames_are_cut_and_said(self):
        done = self.succeeds("generate", "x", *FAST[:4], "--seconds", "0.5", "--fps", "8", "--steps", "1", "-o", "a.gif")
        self.assertIn("4 frames at 8 fps (5 made)", done.stdout)

    def test_warns_beyond_training_but_works(self):
        done = self.succeeds("generate", "x", *FAST, "-o", "a.gif")
        self.assertIn("hotshot: warning: pipeline-wan was trained at 832x480", done.stderr)
        self.assertNotIn("warning", self.succeeds("generate", "x", *FAST, "-o", "a.gif", "--quiet").stderr)

    def test_default_name_has_the_seed(self):
        self.succeeds("generate", "x", *FAST)
        self.assertEqual(self.files(), ["clip-1.mp4"])

    def test_words_that_look_odd(self):
        self.succeeds("generate", "一只猫 $(ls) </s> 🎈 \t", *FAST, "-o", "with space 猫.gif")
        self.assertEqual(self.files(), ["with space 猫.gif"])

    def test_bad_input_is_refused_before_anything_happens(self):
        refuse = self.refused
        model = FAST[:2]
        refuse("prompt", "generate", *FAST, "-o", "a.mp4")
        refuse("empty prompt", "generate", "", *FAST, "-o", "a.mp4")
        refuse("empty prompt", "generate", "  ", *FAST, "-o", "a.mp4")
        refuse("at most 10000 characters", "generate", "a" * 100000, *FAST, "-o", "a.mp4")
        refuse("UTF-8", "generate", os.fsdecode(b"\xff\xfe"), *FAST, "-o", "a.mp4")
        refuse("nosuch", "generate", "x", "--model", "nosuch", "-o", "a.mp4")
        refuse("no/such", "generate", "x", "--model", "no/such", "-o", "a.mp4")
        refuse("heun, euler, euler-ancestral, ddim, lcm but got 'magic'", "generate", "x", *FAST, "--sampler", "magic")
        refuse("mp4", "generate", "x", *FAST, "-o", "a.avi")
        refuse("expected one of", "generate", "x", *FAST, "-o", "a")
        refuse("nearest: 128x128 or 144x128", "generate", "x", *model, "--size", "130x128", "-o", "a.mp4")
        refuse("WIDTHxHEIGHT", "generate", "x", *model, "--size", "big", "-o", "a.mp4")
        for flag in ("--steps", "--frames", "--seconds", "--fps", "--count", "--shift"):
            for value in ("0", "-1", "nan", "1e999", "x", "", "99999999999999999999"):
                refuse(re.escape(flag), "generate", "x", *model, flag, value, "-o", "a.mp4")
        refuse("--guidance", "generate", "x", *FAST, "--guidance", "-1")
        refuse("--seed", "generate", "x", *model, "--seed", "-1")
        refuse("--threads", "generate", "x", *FAST, "--threads", "-2")
        refuse("auto, bf16, fp32", "generate", "x", *FAST, "--dtype", "int4")
        refuse("device", "generate", "x", *FAST, "--device", "gpu")
        refuse("cannot write no/such/a.mp4", "generate", "x", *FAST, "-o", "no/such/a.mp4")
        refuse("is a folder", "generate", "x", *FAST, "-o", str(self.sub("dir.mp4")))
        refuse(".png", "generate", "x", *FAST, "-o", "a.mp4", "--contact-sheet", "a.jpg")
        refuse("frame", "generate", "x", *FAST, "--fps", "120", "-o", "a.gif")
        refuse("either frames or seconds", "generate", "x", *FAST, "--seconds", "1", "-o", "a.gif")

    def sub(self, name):
        (self.folder / name).mkdir(exist_ok=True)
        return self.folder / name

    def test_a_folder_without_permission(self):
        if os.geteuid() == 0:
            self.refused("cannot write /proc/a.mp4", "generate", "x", *FAST, "-o", "/proc/a.mp4")
        else:
            os.chmod(self.sub("locked"), 0o500)
            self.refused("cannot write", "generate", "x", *FAST, "-o", "locked/a.mp4")

    def test_more_than_the_memory_is_refused_with_numbers(self):
        self.refused(r"needs about [\d.]+ GB .* and [\d.]+ [GM]B are available", "generate", "x", "--model", TINY, "--size",
                     "1024x1024", "--frames", "253", "--count", "10000", "--quiet", "-o", "a.mp4")

    def test_broken_models(self):
        broken = self.folder / "broken"
        weights = broken / "transformer/diffusion_pytorch_model.safetensors"
        sound = (TINY / "transformer/diffusion_pytorch_model.safetensors").read_bytes()
        shutil.copytree(TINY, broken)
        header = struct.unpack("<Q", sound[:8])[0]
        damage = {"cut": sound[:-100], "cut header": sound[:100], "empty": b"", "few bytes": sound[:5],
                  "huge header": struct.pack("<Q", 1 << 62) + sound[8:],
                  "other dtype": sound.replace(b'"F32"', b'"F99"', 1),
                  "offsets": re.sub(rb'"data_offsets":\[\d', rb'"data_offsets":[9', sound[:8 + header], count=1) + sound[8 + header:]}
        for what, contents in damage.items():
            weights.write_bytes(contents)
            with self.subTest(what):
                self.refused("diffusion_pytorch_model.safetensors", "generate", "x", *FAST[2:], "--model", broken)
        weights.write_bytes(sound)
        config = broken / "transformer/config.json"
        text = config.read_text()
        config.write_text(text.replace('"num_layers": 2', '"num_layers": 3'))
        self.refused("missing: blocks.2", "generate", "x", *FAST[2:], "--model", broken)
        config.write_text(text.replace('"eps"', '"epsilon"'))
        self.refused("epsilon", "generate", "x", *FAST[2:], "--model", broken)
        config.write_text(text[:50])
        self.refused("config.json", "generate", "x", *FAST[2:], "--model", broken)

    def test_a_full_disk_leaves_nothing(self):
        if not pathlib.Path("/dev/full").exists() or os.geteuid() != 0:
            self.skipTest("needs root, for a small file system")
        mount = self.sub("small")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", mount], capture_output=True).returncode:
            self.skipTest("cannot mount here")
        self.addCleanup(subprocess.run, ["umount", "-l", mount])
        for extension in ("mp4", "webm", "gif", "webp", "png", "jpg"):
            arguments = ["--size", "320x320", "--frames", "9", "--steps", "1", "--quiet", "-o", mount / f"a.{extension}"]
            done = self.run_program("generate", "x", "--model", TINY, *arguments)
            self.assertEqual(done.returncode, 1, extension + done.stderr)
            self.assertRegex(done.stderr, r"\Ahotshot: \[[^\n]+\n\Z")
            self.assertEqual(list(mount.iterdir()), [], extension)

    def test_ctrl_c_stops_cleanly(self):
        environment = dict(os.environ, HOTSHOT_MODELS=str(self.folder / "models"), XDG_DATA_HOME=str(self.folder / "data"))
        process = subprocess.Popen([PROGRAM, "generate", "x", "--model", TINY, "--size", "256x256", "--frames", "81",
                                    "--steps", "1000", "-o", "a.mp4"], cwd=self.folder, env=environment,
                                   stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if line.startswith("sampling"):
                break
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, rest)
        self.assertIn("hotshot: [interrupt]", rest)
        self.assertEqual(self.files(), [])


class Reproduce(Cli):
    def test_every_format_again(self):
        for extension in ("mp4", "webm", "gif", "webp"):
            self.succeeds("generate", "一只 \"red\" cat", *FAST, "-o", f"a.{extension}", "--negative", "blurry", "-q")
            done = self.succeeds("reproduce", f"a.{extension}", "--model", TINY, "--threads", "1")
            self.assertIn("the same bytes again", done.stdout)
        for extension in ("png", "jpg"):
            self.succeeds("generate", "x", *FAST, "-o", f"a.{extension}", "-q")
            self.assertIn("the same bytes again", self.succeeds("reproduce", f"a_0002.{extension}", "--model", TINY).stdout)

    def test_finds_the_model_by_name(self):
        self.succeeds("models", "import", TINY)
        self.succeeds("generate", "x", *FAST[2:], "--model", "pipeline-wan", "-o", "a.gif")
        self.succeeds("reproduce", "a.gif")

    def test_what_cannot_be_reproduced_says_why(self):
        self.succeeds("generate", "x", *FAST, "-o", "a.gif", "--no-recipe", "-q")
        self.refused("has none", "reproduce", "a.gif", "--model", TINY)
        self.refused("cannot read|missing|No such", "reproduce", "none.mp4")
        self.succeeds("generate", "x", *FAST, "-o", "b.gif", "-q")
        self.refused("expected one of|there is none", "reproduce", "b.gif")
        other = self.folder / "other"
        shutil.copytree(TINY, other)
        config = other / "scheduler/scheduler_config.json"
        config.write_text(config.read_text() + " ")
        self.refused("digest", "reproduce", "b.gif", "--model", other)
        (self.folder / "text.gif").write_text("hello")
        self.refused("text.gif", "reproduce", "text.gif")

    def test_a_changed_file_is_noticed(self):
        self.succeeds("generate", "x", *FAST[:-1], "2", "-o", "b.webp", "-q")
        # A recipe that says another seed, in as many bytes.
        b = (self.folder / "b.webp").read_bytes()
        forged = re.sub(rb'(seed(?:&quot;|"):)2', rb'\g<1>1', b)
        self.assertNotEqual(forged, b)
        (self.folder / "forged.webp").write_bytes(forged)
        done = self.run_program("reproduce", "forged.webp", "--model", TINY)
        self.assertEqual(done.returncode, 1)
        self.assertIn("differs", done.stdout)


class Verify(Cli):
    SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

    def test_what_is_made_says_so(self):
        for name in ("a.mp4", "a.gif", "a.webp", "a_0001.png", "a_0001.jpg"):
            self.succeeds("generate", "a \033[31mred cat", *FAST, "-o", name.replace("_0001", ""), "-q")
            said = self.succeeds("verify", name).stdout
            self.assertRegex(said, r"C2PA +trusted: as it was signed by Hotshot \(Hotshot local signer [0-9a-f]{8}\)\n")
            self.assertRegex(said, r"made with +Hotshot \d+\.\d+\.\d+, by pipeline-wan\n")
            self.assertRegex(said, r"how +c2pa.created trainedAlgorithmicMedia\n")
            self.assertRegex(said, r"IPTC +trainedAlgorithmicMedia\n")
            self.assertRegex(said, r'recipe +hotshot [\d.]+, pipeline-wan, seed 1: "a  \[31mred cat"\n')
        self.assertEqual((self.folder / "data/hotshot/signing/key.pem").stat().st_mode & 0o777, 0o600)

    def test_several_files_as_json(self):
        self.succeeds("generate", "a red cat", *FAST, "-o", "a.gif", "-o", "b.webm", "-q")
        done = self.run_program("verify", "a.gif", "b.webm", "--json")
        self.assertEqual(done.returncode, 1, done.stderr)  # WebM has no place for a signature
        gif, webm = map(json.loads, done.stdout.splitlines())
        self.assertEqual((gif["file"], gif["state"], webm["state"]), ("a.gif", "trusted", "not_present"))
        for said in (gif, webm):
            self.assertEqual(said["iptc"], {"digital_source_type": self.SOURCE})
            self.assertEqual(said["recipe"]["request"]["prompt"], "a red cat")

    def test_the_model_goes_unsaid_with_the_recipe(self):
        self.succeeds("generate", "a red cat", *FAST, "-o", "a.gif", "--no-recipe", "-q")
        said = json.loads(self.succeeds("verify", "a.gif", "--json").stdout)
        self.assertEqual((said["recipe"], said["c2pa"]["software_agent"]), (None, None))
        self.assertNotIn(b"pipeline-wan", (self.folder / "a.gif").read_bytes())

    def test_the_same_request_gives_the_same_signed_file(self):
        for name in ("a.mp4", "b.mp4"):
            self.succeeds("generate", "x", *FAST, "-o", name, "-q")
        self.assertEqual((self.folder / "a.mp4").read_bytes(), (self.folder / "b.mp4").read_bytes())

    def test_a_file_signed_elsewhere_is_the_same_again(self):
        self.succeeds("generate", "x", *FAST, "-o", "a.mp4", "-q")
        shutil.rmtree(self.folder / "data")
        said = self.succeeds("verify", "a.mp4").stdout
        self.assertIn("who is not known here", said)
        self.assertIn("the same bytes again", self.succeeds("reproduce", "a.mp4", "--model", TINY).stdout)

    def test_a_changed_file_is_invalid(self):
        self.succeeds("generate", "x", *FAST, "-o", "a.gif", "-q")
        content = bytearray((self.folder / "a.gif").read_bytes())
        content[-10] ^= 1
        (self.folder / "a.gif").write_bytes(content)
        done = self.run_program("verify", "a.gif")
        self.assertEqual(done.returncode, 1)
        self.assertIn("INVALID", done.stdout)
        self.assertIn("assertion.dataHash.mismatch", done.stdout)

    def test_nothing_is_signed_where_none_is_wanted(self):
        self.succeeds("generate", "x", *FAST, "-o", "a.gif", "--no-sign", "-q")
        self.assertFalse((self.folder / "data").exists())
        done = self.run_program("verify", "a.gif")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no content credentials", done.stdout)

    def test_what_is_no_clip_is_refused(self):
        (self.folder / "text.gif").write_text("hello, this is a text")
        (self.folder / "empty").write_text("")
        self.refused("clip or picture", "verify", "text.gif")
        self.refused("empty", "verify", "empty")
        self.refused("missing", "verify", "missing.mp4")
        self.refused("file", "verify")


class Models(Cli):
    def test_import_list_show_remove(self):
        self.succeeds("models", "list")
        done = self.succeeds("models", "import", TINY, "--name", "tiny")
        self.assertIn("is known as tiny", done.stdout)
        self.assertIn("tiny", self.succeeds("models", "list").stdout)
        shown = self.succeeds("models", "show", "tiny").stdout
        for word in ("WanTransformer3DModel", "AutoencoderKLWan", "UMT5EncoderModel", "parameters", "memory", "digest"):
            self.assertIn(word, shown)
        self.succeeds("generate", "x", *FAST[2:], "--model", "tiny", "-o", "a.gif")
        self.succeeds("models", "remove", "tiny")
        self.assertNotIn("tiny", self.succeeds("models", "list").stdout)
        self.assertTrue((TINY / "model_index.json").exists())

    def test_bad_imports(self):
        (self.folder / "empty").mkdir()
        self.refused("model_index.json", "models", "import", "empty")
        self.refused("none", "models", "import", "none")
        (self.folder / "deep").mkdir()
        (self.folder / "deep/model_index.json").write_text('{"_class_name": ' + "[" * 3000000 + "]" * 3000000 + "}")
        self.refused("nested", "models", "show", "./deep")
        self.refused("expected a name", "models", "import", TINY, "--name", "../x")
        self.refused("expected one of|none", "models", "show", "nothing")
        self.refused("expected one of", "models", "remove", "nothing")

    def test_a_broken_model_does_not_spoil_the_list(self):
        broken = self.folder / "models/broken"
        broken.mkdir(parents=True)
        (broken / "model_index.json").write_text("{")
        self.succeeds("models", "import", TINY)
        listed = self.succeeds("models", "list").stdout
        self.assertIn("broken", listed)
        self.assertIn("pipeline-wan", listed)


class Images(Cli):
    """Pictures and what artists bring, on tiny random models."""

    def setUp(self):
        super().setUp()
        self.succeeds("models", "import", ROOT / "tests/golden/pipeline-sdxl", "--name", "tiny-xl")

    def test_a_picture_in_every_format_and_again(self):
        outputs = ["-o", "a.png", "-o", "a.jpg", "-o", "a.webp"]
        done = self.succeeds("image", "a (red:1.2) cat", "-m", "tiny-xl", "--size", "64x48", "--steps", "2", "--seed", "0", *outputs, "-q")
        self.assertIn("64x48, 1 frame", done.stdout)
        for name in ("a.png", "a.jpg", "a.webp"):
            self.assertIn("same", self.succeeds("reproduce", name, "-q").stdout)

    def test_a_picture_from_a_picture(self):
        plain = ["image", "a cat", "-m", "tiny-xl", "--steps", "4", "--seed", "1", "-q", "--no-sign"]
        self.succeeds(*plain, "-o", "start.png")
        done = self.run_program(*plain[:-2], "--image", "start.png", "--strength", "0.5", "--aspect", "1:1", "-o", "next.png")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotEqual((self.folder / "start.png").read_bytes(), (self.folder / "next.png").read_bytes())
        (self.folder / "elsewhere").mkdir()
        (self.folder / "start.png").rename(self.folder / "elsewhere/start.png")
        self.refused("start.png", "reproduce", "next.png", "-q")
        self.assertIn("same", self.succeeds("reproduce", "next.png", "--files", "elsewhere", "-q").stdout)

    def test_what_files_are_is_said(self):
        done = self.succeeds("models", "import", ROOT / "tests/golden/lora/kohya.safetensors")
        self.assertIn("LoRA", done.stdout)
        self.assertIn("--lora", done.stdout)
        self.refused("no known family", "models", "import", ROOT / "tests/golden/single-file/checkpoint.safetensors")
        (self.folder / "old.ckpt").write_bytes(b"\x80\x02}q\x00.")
        self.refused("run the code inside|pickle", "models", "import", "old.ckpt")
        (self.folder / "cut.safetensors").write_bytes(b"\xff\x00\x00\x00\x00\x00\x00\x00{")
        self.refused("cut.safetensors", "models", "import", "cut.safetensors")

    def test_mistakes_are_named(self):
        picture = ["image", "a cat", "-m", "tiny-xl", "--steps", "2", "-o", "a.png"]
        self.refused("mask", *picture, "--mask", "m.png")
        self.refused("multiples of 16", *picture, "--size", "60x60")
        self.refused("karras", *picture, "--spacing", "odd")
        self.refused("control picture for each", *picture, "--controlnet", "net")
        self.refused("WIDTH:HEIGHT", *picture, "--aspect", "wide")
        self.refused("at most 1 frame", "generate", "a cat", "-m", "tiny-xl", "--frames", "8", "-o", "a.gif")
        self.refused("expected words and an image at most", "generate", "x", *FAST, "--lora", "a.safetensors", "-o", "a.gif")

    def test_a_comma_may_be_part_of_a_name(self):
        self.refused("a,b.safetensors", "image", "a cat", "-m", "tiny-xl", "--steps", "2", "--lora", "a,b.safetensors",
                     "-o", "a.png")

    def test_the_small_model_that_ships_makes_clips_and_pictures(self):
        few = ["-m", ROOT / "models/xl-mini", "--steps", "2", "--seed", "1"]
        done = self.succeeds("generate", "a red car drives to the left through the snow", *few, "-o", "car.gif")
        self.assertIn("car.gif  128x128, 8 frames at 8 fps", done.stdout)
        self.assertIn("cat.png  128x128, 1 frame", self.succeeds("image", "a yellow cat", *few, "-o", "cat.png").stdout)

    def test_a_judge_must_be_there(self):
        self.refused("judge", "evaluate", "-m", ROOT / "models/act-one-mini", "--judge", "nobody")
        self.refused("suite", "evaluate", "--suite", "moon")

    def test_the_judge_that_ships_reads_clips(self):
        few = ["--prompts", "2", "--seeds", "1", "--calibration", "8", "--training-clips", "4", "--steps", "2"]
        done = self.succeeds("evaluate", "-m", ROOT / "models/act-one-mini", *few, "--judge", ROOT / "models/world-judge",
                             "-o", "report")
        self.assertRegex(done.stdout, r"place +\d+\.\d \[")
        report = json.loads((self.folder / "report/report.json").read_text())
        self.assertEqual(len(report["clips"]), 8)
        self.assertIn("clips/0008.webp", (self.folder / "report/index.html").read_text())


class Train(Cli):
    RECIPE = """part = "autoencoder"
model = "tiny"
[vae]
base_dim = 8
z_dim = 4
dim_mult = [1, 2, 2]
num_res_blocks = 1
temperal_downsample = [true, true]
in_channels = 12
out_channels = 12
patch_size = 2
[autoencoder]
frames = 5
size = 32
picture_size = 32
clip_size = 32
batch = 1
statistics_clips = 1
[loop]
log_every = 1
checkpoint_every = 2
preview_every = 2
steps = """

    def recipe(self, steps):
        (self.folder / "tiny.toml").write_text(f"{self.RECIPE}{steps}\n")
        return "tiny.toml"

    def rows(self):
        return [json.loads(line) for line in (self.folder / "runs/tiny/log.jsonl").read_text().splitlines()]

    def test_a_run_leaves_its_log_pictures_and_model(self):
        self.succeeds("train", self.recipe(4))
        rows = self.rows()
        self.assertEqual([row["step"] for row in rows], [1, 2, 3, 4])
        for key in ("loss", "learning_rate", "gradient_norm", "samples_per_second"):
            self.assertGreater(rows[-1][key], 0)
        for name in ("curve.png", "preview-0000002.png", "preview-0000004.png"):
            self.assertEqual((self.folder / "runs/tiny" / name).read_bytes()[:4], b"\x89PNG")
        weights = self.folder / "models/tiny/vae/diffusion_pytorch_model.safetensors"
        before = weights.read_bytes()
        self.succeeds("train", "tiny.toml")  # done already: nothing changes
        self.assertEqual(self.rows(), rows)
        self.assertEqual(weights.read_bytes(), before)

    def test_steps_that_are_only_measured_leave_nothing(self):
        before = self.files() + [self.recipe(4)]
        text = self.succeeds("bench", "train", "tiny.toml", "--steps", "2").stdout
        self.assertIn("autoencoder of tiny, 2 steps", text)
        self.assertRegex(text, r"hotshot::convolution_grad_x +[0-9.]+%")
        self.assertEqual(self.files(), before)

    def test_ctrl_c_keeps_the_steps_done(self):
        process = subprocess.Popen([PROGRAM, "train", self.recipe(100000)], cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, errors)
        self.assertIn("hotshot: [interrupt]", errors)
        done = self.rows()[-1]["step"]
        checkpoints = sorted(path.name for path in (self.folder / "runs/tiny/checkpoints").iterdir())
        self.assertEqual(checkpoints[-1], f"step-{done:08}")

    def test_bad_input(self):
        self.refused("missing.toml", "train", "missing.toml")
        self.refused("cpu, cuda", "train", self.recipe(1), "--device", "tpu")
        for where in ("--out", "--model-folder"):
            self.refused("cannot create /proc/none", "train", "tiny.toml", where, "/proc/none")
        (self.folder / "tiny.toml").write_text(self.RECIPE.replace("autoencoder", "decoder", 1) + "1\n")
        self.refused("autoencoder, transformer, captions, distillation, judge.* but got 'decoder'", "train", "tiny.toml")
        bucket = "[[bucket]]\nframes = 1\nheight = 32\nwidth = 32\n"
        (self.folder / "pet.toml").write_text(f'part = "lora"\nmodel = "nowhere"\n[lora]\nsubject = "pet"\n{bucket}')
        self.refused("expected a model in models/nowhere .*--model-folder", "train", "pet.toml")


class Bench(Cli):
    def test_a_clip_is_taken_apart(self):
        text = self.succeeds("bench", "clip", *FAST[:-2], "--threads", "1").stdout
        self.assertRegex(text, r"hotshot::\w+ +[0-9.]+%")  # which ones depends on what else the machine does
        self.assertIn("outside of operations", text)
        self.refused("act-one-mini", "bench", "clip", "-m", "nowhere")
        self.refused("ceilings, clip, train", "bench", "speed")


class World(Cli):
    def test_sheet_render_caption_truth(self):
        self.succeeds("world", "sheet", "-o", "sheet.png", "--columns", "2", "--rows", "2", "--tile", "32")
        self.assertEqual(struct.unpack(">II", (self.folder / "sheet.png").read_bytes()[16:24]), (76, 76))
        self.succeeds("world", "render", "-o", "a.mp4", "--seconds", "1", "--seed", "3")
        self.succeeds("world", "render", "-o", "b.gif", "--frames", "3", "--count", "2", "--width", "64")
        self.assertEqual(self.files(), ["a.mp4", "b-1.gif", "b-2.gif", "sheet.png"])
        lines = self.succeeds("world", "caption", "--count", "5").stdout.splitlines()
        self.assertEqual(len(lines), 10)
        scene = self.succeeds("world", "truth", "--index", "4").stdout.strip()
        self.assertEqual(self.succeeds("world", "caption", "--scene", scene).stdout.splitlines(), lines[8:])

    def test_bad_input(self):
        self.refused("-o FILE", "world", "render")
        self.refused("--width", "world", "render", "-o", "a.mp4", "--width", "0")
        self.refused("--split", "world", "caption", "--split", "test")
        self.refused("--scene", "world", "caption", "--scene", "{")
        self.refused("png", "world", "sheet", "-o", "a.mp4")
        self.refused("need about 10066", "world", "render", "-o", "a.mp4", "--width", "4096", "--height", "4096", "--frames",
                     "100000")
        (self.folder / "deep.json").write_text("[" * 450000 + "]" * 450000)
        self.refused("expected JSON", "world", "caption", "--scene", "@deep.json")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: cli_test.py PROGRAM [unittest options]")
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
