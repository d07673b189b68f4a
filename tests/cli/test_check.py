"""`logwatch check`: a ticked list of everything that could keep the daemon from working."""

import contextlib
import http.server
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from logwatch.cli.check import _Check as Check
from logwatch.cli.check import carry_out, check, summary, told
from logwatch.cli.checks import network
from logwatch.cli.checks.disk import check_events, check_state, file_system
from logwatch.cli.checks.finding import Finding, Mark
from logwatch.cli.checks.knowledge import check_catalogue
from logwatch.cli.checks.network import check_port, check_receiver
from logwatch.cli.checks.sources import check_source

ENTRY = '{"id": "test/%s", "signature": "it broke", "regex": "it broke badly %s"}'
NOBODY = 65534


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


@pytest.fixture
def listener() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Root passes by all modes: for a while this process is somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def run(path: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(check, ["-c", str(path), *options], catch_exceptions=False)
    return result.exit_code, result.output


def marks(findings: Sequence[Finding]) -> str:
    return "".join(finding.mark for finding in findings)


# The verb


@pytest.fixture
def site(tmp_path: Path, free_port: int) -> Path:
    """A configuration with nothing wrong."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "rank0.log").write_text("fine\n")
    (tmp_path / "entries").mkdir()
    (tmp_path / "entries" / "a.json").write_text(ENTRY % ("a", "a"))
    (tmp_path / "slack-url").write_text("http://127.0.0.1:1/services/TOPSECRET")
    path = tmp_path / "logwatch.yaml"
    path.write_text(
        f"""\
state_dir: state
catalogue: {{shipped: false, paths: [entries]}}
sources:
  - name: train
    paths: ["logs/*.log"]
events: {{path: events.jsonl}}
http: {{listen: "127.0.0.1:{free_port}"}}
notify:
  - {{type: slack, name: oncall, webhook_url_file: slack-url}}
  - {{type: terminal, name: console}}
"""
    )
    return path


def test_all_is_well(site: Path) -> None:
    status, output = run(site, "--offline")
    lines = [line.split() for line in output.splitlines()]
    assert [line[:2] for line in lines[:-1]] == [
        ["✓", "config"],
        ["✓", "catalogue"],
        ["✓", "source"],
        ["✓", "state"],
        ["✓", "events"],
        ["✓", "http"],
        ["✓", "slack"],
        ["✓", "terminal"],
    ]
    assert f"{site.parent}/logs/*.log → 1 file, all readable" in output
    assert output.splitlines()[-1].startswith("All is well")
    assert output.endswith(f"Next: logwatch run -c {site}\n")
    assert status == 0


def test_nothing_is_left_behind(site: Path) -> None:
    before = sorted(site.parent.rglob("*"))
    run(site, "--offline")
    assert sorted(site.parent.rglob("*")) == before


def test_a_receiver_that_is_away_is_trouble_and_its_secret_stays_one(site: Path) -> None:
    status, output = run(site)
    assert "✗ slack oncall      127.0.0.1:1: Connection refused" in output
    assert output.splitlines()[-1].startswith("1 thing to mend, 0 warnings; checked as user ")
    assert "TOPSECRET" not in output
    assert status == 2


def test_warnings_alone_are_no_failure(site: Path) -> None:
    (site.parent / "logs" / "rank0.log").unlink()
    status, output = run(site, "--offline")
    assert "! source train" in output
    assert "Nothing to mend, 1 warning" in output
    assert status == 0


def test_every_trouble_is_told_not_only_the_first(
    site: Path, free_port: int, listener: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "CONNECT_S", 0.2)
    (site.parent / "entries" / "a.json").write_text("{")
    (site.parent / "state").write_text("a file")
    (site.parent / "events.jsonl").mkdir()
    text = site.read_text().replace("paths: [entries]", "paths: [entries, nowhere]")
    site.write_text(text.replace(f":{free_port}", f":{listener[1]}") + "language: de\n")
    status, output = run(site)
    told = [line[2:].split("  ")[0] for line in output.splitlines() if line.startswith("  ✗")]
    assert told == [
        "✗ config",
        "✗ catalogue",
        "✗ catalogue",
        "✗ state",
        "✗ events",
        "✗ http",
        "✗ slack oncall",
    ]
    assert "✓ source train" in output
    assert status == 2


def test_a_file_that_is_not_yaml_is_all_there_is_to_say(tmp_path: Path) -> None:
    path = tmp_path / "logwatch.yaml"
    path.write_text("a: [\n")
    status, output = run(path)
    assert f"✗ config  {path}:2: is not YAML" in output
    assert "nothing else can be checked" in output
    assert status == 2


def test_a_section_with_mistakes_is_not_checked_with_its_defaults(tmp_path: Path) -> None:
    path = tmp_path / "logwatch.yaml"
    path.write_text("state_dir: [a]\nhttp: {listen: x}\nevents: {path: []}\ncatalogue: {shipped: 7}\n")
    _, output = run(path)
    assert {line.split()[1] for line in output.splitlines() if line[2] in "✓✗!"} == {"config"}


def test_the_environment_counts(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGWATCH__HTTP", "null")
    monkeypatch.setenv("LOGWATCH__HTPP", "null")
    _, output = run(site, "--offline")
    assert "✓ http              off" in output
    assert "✗ config            LOGWATCH__HTPP: the configuration has no key `htpp`" in output


# How it is carried out and told


def test_what_hangs_costs_its_own_line_only() -> None:
    ever = threading.Event()

    def hang() -> list[Finding]:
        ever.wait()
        return []

    ok = Finding(Mark.OK, "b", "fine")
    findings = list(carry_out([Check("a", hang), Check("b", lambda: [ok])], patience_s=0.2))
    ever.set()
    assert findings[0].mark is Mark.TROUBLE
    assert findings[0].text == "no answer in 0.2 s"
    assert findings[1] == ok


def test_what_fails_unforeseen_is_told() -> None:
    def fail() -> Iterator[Finding]:
        raise OSError(5, "Input/output error", "/logs")
        yield

    [finding] = carry_out([Check("a", fail)], patience_s=5)
    assert finding == Finding(Mark.TROUBLE, "a", "[Errno 5] Input/output error: '/logs'")


def test_a_fault_of_the_program_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        list(carry_out([Check("a", lambda: [1 // 0])], patience_s=5))  # type: ignore[list-item]


def test_names_of_files_cannot_write_on_the_terminal() -> None:
    lines = list(told(Finding(Mark.TROUBLE, "a", "/logs/\x1b[2J\nx", "mend \x07"), 8))
    assert lines == ["  ✗ a         /logs/\\x1b[2J x", "              → mend \\x07"]


def test_the_summary_counts() -> None:
    findings = [Finding(Mark(mark), "a", "b") for mark in "✓✗!✗"]
    assert summary(findings, "ops", Path("/c")) == "2 things to mend, 1 warning; checked as user ops."


# The catalogue


def test_a_catalogue_is_counted(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.json").write_text(ENTRY % ("x", folder))
    (tmp_path / "b" / "y.json").write_text(ENTRY % ("y", "y"))
    [finding] = check_catalogue(False, [tmp_path / "a", tmp_path / "b"])
    assert finding.mark is Mark.OK
    assert finding.text.startswith("2 entries, 1 of them replaced, version ")


def test_the_shipped_catalogue_loads() -> None:
    assert "✗" not in marks(list(check_catalogue(True, [])))


def test_an_empty_catalogue_is_trouble(tmp_path: Path) -> None:
    assert marks(list(check_catalogue(False, [tmp_path]))) == "✗"


def test_many_warnings_are_cut_short(tmp_path: Path) -> None:
    for i in range(7):
        (tmp_path / f"{i}.json").write_text(ENTRY.replace("{", '{"extra": 1, ') % (i, i))
    (tmp_path / "slow.json").write_text('{"id": "test/slow", "signature": "a", "regex": "[a-z]+"}')
    findings = list(check_catalogue(False, [tmp_path]))
    assert marks(findings) == "✓!!!!!!!"
    assert findings[6].text == "2 more warnings"
    assert findings[7].text.startswith("test/slow: without a fixed text in the pattern")


# Sources


def test_the_files_of_each_pattern_are_counted(tmp_path: Path) -> None:
    for name in ("a.log", "b.log", "c.txt", "d.log.gz"):
        (tmp_path / name).touch()
    [finding] = check_source("s", [f"{tmp_path}/*.log", f"{tmp_path}/**/*.gz"], ["**/b.*"], [])
    assert finding == Finding(
        Mark.OK, "source s", f"{tmp_path}/*.log → 1 file; {tmp_path}/**/*.gz → 1 file, all readable"
    )


def test_a_source_without_files_is_a_warning_that_names_what_is_missing(tmp_path: Path) -> None:
    [finding] = check_source("s", [f"{tmp_path}/absent/*.log"], [], [])
    assert finding.mark is Mark.WARNING
    assert finding.text == f"nothing matches {tmp_path}/absent/*.log yet ({tmp_path}/absent is not there)"


def test_an_unreadable_folder_does_not_hide_the_readable_ones(open_folder: Path) -> None:
    for name in ("closed", "open"):
        (open_folder / name).mkdir()
        (open_folder / name / "x.log").touch()
    (open_folder / "closed").chmod(0)
    with as_nobody():
        findings = list(check_source("s", [f"{open_folder}/*/*.log"], [], []))
    assert marks(findings) == "✓✗"
    assert "→ 1 file, all readable" in findings[0].text
    assert findings[1].text == f"{open_folder}/closed: Permission denied: what lies below is not seen"


def test_unreadable_files_are_counted_and_the_first_is_named(open_folder: Path) -> None:
    for name in ("a.log", "b.log", "c.log"):
        (open_folder / name).touch(mode=0o644)
    for name in ("a.log", "b.log"):
        (open_folder / name).chmod(0)
    with as_nobody():
        findings = list(check_source("s", [f"{open_folder}/*.log"], [], []))
    assert marks(findings) == "✓✗"
    assert "1 of them readable" in findings[0].text
    assert findings[1].text == (
        f"2 files cannot be read, the first is {open_folder}/a.log: Permission denied"
    )


def test_files_without_labels_are_told(tmp_path: Path) -> None:
    for name in ("job1.log", "other.log"):
        (tmp_path / name).touch()
    findings = list(check_source("s", [f"{tmp_path}/*.log"], [], ["job{job}.log"]))
    assert marks(findings) == "✓!"
    assert findings[1].text.startswith("1 of 2 files fit none of `path_labels`, the first is ")
    assert findings[1].text.endswith("/other.log")


# Disk

LOCAL = "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/logwatch", "ext4"),
        ("/shared", "nfs4"),
        ("/shared/state", "nfs4"),
        ("/shared2", "ext4"),
        ("/scratch dir/x", "lustre"),
        ("/covered/x", "tmpfs"),
    ],
)
def test_the_kind_of_file_system_is_that_of_the_nearest_mount(path: str, kind: str) -> None:
    mountinfo = LOCAL + (
        "30 21 0:40 / /shared rw shared:2 - nfs4 server:/x rw\n"
        "31 21 0:41 / /scratch\\040dir rw - lustre mgs:/fs rw\n"
        "32 21 0:42 / /covered rw - nfs4 server:/y rw\n"
        "33 21 0:43 / /covered rw - tmpfs tmpfs rw\n"
        "broken line\n"
    )
    assert file_system(Path(path), mountinfo) == kind


def test_what_is_unknown_is_not_guessed() -> None:
    assert file_system(Path("/x"), "") == ""


def test_a_state_folder_that_is_there_or_can_be_made_is_fine(tmp_path: Path) -> None:
    [there] = check_state(tmp_path, LOCAL)
    [to_come] = check_state(tmp_path / "a" / "b", LOCAL)
    assert there == Finding(Mark.OK, "state", f"{tmp_path} can be written")
    assert to_come == Finding(Mark.OK, "state", f"{tmp_path}/a/b can be written; it will be made")


def test_state_below_a_file_is_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    [finding] = check_state(tmp_path / "file" / "state", LOCAL)
    assert finding.mark is Mark.TROUBLE
    assert finding.text == f"{tmp_path}/file is not a folder"


def test_a_state_folder_of_another_user_is_trouble(open_folder: Path) -> None:
    (open_folder / "state").mkdir(mode=0o555)
    with as_nobody():
        [there] = check_state(open_folder / "state", LOCAL)
        [to_come] = check_state(open_folder / "state" / "below", LOCAL)
    assert there.text == f"{open_folder}/state cannot be written: Permission denied"
    assert "install -d" in there.remedy
    assert to_come.text == (
        f"{open_folder}/state/below cannot be made in {open_folder}/state: Permission denied"
    )


@pytest.mark.parametrize("kind", ["nfs4", "lustre", "fuse.sshfs", "gpfs"])
def test_state_on_a_remote_disk_is_a_warning(tmp_path: Path, kind: str) -> None:
    findings = list(check_state(tmp_path, LOCAL + f"30 21 0:40 / {tmp_path} rw - {kind} x rw\n"))
    assert marks(findings) == "✓!"
    assert f"is on {kind}" in findings[1].text


def test_a_full_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logwatch.cli.checks.disk.SCARCE", shutil.disk_usage(tmp_path).total)
    findings = list(check_state(tmp_path, LOCAL))
    assert marks(findings) == "✓!"
    assert "MiB left" in findings[1].text


def test_the_event_file_may_be_off_standard_output_there_or_to_come(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    for path, to_stdout in (
        (None, False),
        (Path("-"), True),
        (tmp_path / "there", False),
        (tmp_path / "a" / "b", False),
        (Path("/dev/null"), False),
    ):
        assert marks(list(check_events(path, to_stdout, []))) == "✓", path


def test_an_event_file_that_cannot_be_written_is_trouble(open_folder: Path) -> None:
    (open_folder / "others").touch(mode=0o444)
    (open_folder / "folder").mkdir(mode=0o555)
    with as_nobody():
        [others] = check_events(open_folder / "others", False, [])
        [folder] = check_events(open_folder / "folder", False, [])
        [below] = check_events(open_folder / "folder" / "x", False, [])
    assert others.text == f"{open_folder}/others cannot be written: Permission denied"
    assert folder.text == f"{open_folder}/folder is a folder"
    assert below.text == f"{open_folder}/folder cannot be written: Permission denied"


def test_a_source_that_reads_the_event_file_is_trouble(tmp_path: Path) -> None:
    sources = [
        ("own", [f"{tmp_path}/**/*.jsonl"], []),
        ("spared", [f"{tmp_path}/**/*.jsonl"], ["**/events.jsonl"]),
        ("other", ["/nowhere/*"], []),
    ]
    findings = list(check_events(tmp_path / "events.jsonl", False, sources))
    assert marks(findings) == "✓✗"
    assert findings[1].text.startswith("source own reads ")


# Network


def test_a_free_port_is_free_and_stays_so(free_port: int) -> None:
    for _ in range(2):
        assert list(check_port(("127.0.0.1", free_port))) == [
            Finding(Mark.OK, "http", f"127.0.0.1:{free_port} is free")
        ]


def test_all_addresses_are_tried(free_port: int) -> None:
    assert list(check_port(("", free_port))) == [Finding(Mark.OK, "http", f"*:{free_port} is free")]


def test_a_taken_port_is_trouble(listener: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "CONNECT_S", 0.2)
    [finding] = check_port(listener)
    assert finding.mark is Mark.TROUBLE
    assert finding.text == f"127.0.0.1:{listener[1]}: Address already in use"
    assert "ss -ltnp" in finding.remedy


def test_a_port_in_use_by_a_running_logwatch_is_a_warning() -> None:
    class Metrics(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'logwatch_build_info{version="1"} 1\n' if self.path == "/metrics" else b"")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Metrics) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        [finding] = check_port(("127.0.0.1", server.server_port))
        server.shutdown()
        serving.join()
    assert finding.mark is Mark.WARNING
    assert "in use by a running logwatch" in finding.text


def test_an_address_of_another_machine_is_trouble() -> None:
    [finding] = check_port(("192.0.2.1", 9477))
    assert finding.mark is Mark.TROUBLE
    assert "name an address of this machine" in finding.remedy


def test_a_receiver_is_reached_without_a_message(listener: tuple[str, int]) -> None:
    url = f"http://user:TOPSECRET@127.0.0.1:{listener[1]}/TOPSECRET?TOPSECRET"
    assert list(check_receiver("am", [url], offline=False)) == [
        Finding(Mark.OK, "am", f"127.0.0.1:{listener[1]} can be reached")
    ]


def test_each_address_of_a_receiver_is_tried(listener: tuple[str, int], free_port: int) -> None:
    urls = [f"http://127.0.0.1:{free_port}", f"http://127.0.0.1:{listener[1]}"]
    findings = list(check_receiver("am", urls, offline=False))
    assert marks(findings) == "✗✓"
    assert findings[0].text == f"127.0.0.1:{free_port}: Connection refused"


def test_offline_nobody_is_called() -> None:
    assert list(check_receiver("slack a", ["https://hooks.slack.com/services/x"], offline=True)) == [
        Finding(Mark.OK, "slack a", "hooks.slack.com:443, not tried (--offline)")
    ]


@pytest.fixture
def tls_port(tmp_path: Path) -> Iterator[int]:
    """A server whose certificate nobody knows."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", certificate, "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with contextlib.suppress(ssl.SSLError), connection:
                    context.wrap_socket(connection, server_side=True).close()

        serving = threading.Thread(target=serve)
        serving.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        serving.join()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl for a certificate")
def test_an_unknown_certificate_is_trouble(tls_port: int) -> None:
    [finding] = check_receiver("hook", [f"https://localhost:{tls_port}/x"], offline=False)
    assert finding.mark is Mark.TROUBLE
    assert "its certificate is not trusted: self" in finding.text
    assert "SSL_CERT_FILE" in finding.remedy


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl for a certificate")
def test_a_known_certificate_is_fine(tls_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    [finding] = check_receiver("hook", [f"https://localhost:{tls_port}/x"], offline=False)
    assert finding == Finding(Mark.OK, "hook", f"localhost:{tls_port} can be reached over TLS")


def test_a_server_that_never_answers_is_trouble(
    listener: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "CONNECT_S", 0.2)
    [finding] = check_receiver("hook", [f"https://127.0.0.1:{listener[1]}/x"], offline=False)
    assert finding.text == f"127.0.0.1:{listener[1]}: no answer in 0.2 s"


@pytest.fixture
def proxy() -> Iterator[tuple[int, list[bytes]]]:
    """A proxy that refuses, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    while b"\r\n\r\n" not in b"".join(asked) and (piece := connection.recv(4096)):
                        asked.append(piece)
                    connection.sendall(b"HTTP/1.1 403 Not for you\r\n\r\n")

        serving = threading.Thread(target=refuse)
        serving.start()
        yield server.getsockname()[1], asked
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        serving.join()


def test_a_receiver_is_reached_by_way_of_the_proxy(
    proxy: tuple[int, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, asked = proxy
    monkeypatch.setenv("https_proxy", f"http://me:TOPSECRET@127.0.0.1:{port}")
    [finding] = check_receiver("slack a", ["https://hooks.invalid/TOPSECRET"], offline=False)
    assert finding.mark is Mark.TROUBLE
    assert finding.text == (
        f"hooks.invalid:443 by way of the proxy 127.0.0.1:{port}: Tunnel connection failed: 403 Not for you"
    )
    request = b"".join(asked)
    assert request.startswith(b"CONNECT hooks.invalid:443 HTTP/1.")
    assert b"Proxy-Authorization: Basic bWU6VE9QU0VDUkVU\r\n" in request


def test_no_proxy_is_heeded(listener: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    [finding] = check_receiver("am", [f"http://127.0.0.1:{listener[1]}"], offline=False)
    assert finding.mark is Mark.OK
    assert "proxy" not in finding.text
