"""What a line's prefix says. The lines are real ones, cut to what matters."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.scan.digits import told_apart
from logwatch.scan.prefix import (
    _ANYWHERE,
    _BY_FIRST,
    _ONLY_FIRST,
    _WORDS,
    labels_of,
    log_time,
    read,
    time_above,
)

REFERENCE = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        ("[rank3]: RuntimeError: CUDA error", {"rank": "3"}),
        ("    [rank7]:[E816 01:45:40.183009389 ProcessGroupNCCL.cpp:607] [Rank 7] Watchdog", {"rank": "7"}),
        ("rank0: Traceback (most recent call last):", {"rank": "0"}),
        ("[E ProcessGroupNCCL.cpp:459] [Rank 0] Watchdog caught collective operation", {"rank": "0"}),
        ("[E ProcessGroupNCCL.cpp:1182] [Rank 2] NCCL watchdog thread terminated: [Rank 5]", {"rank": "2"}),
        (
            "[rank5]:[E703 17:54:18.884528282 ProcessGroupNCCL.cpp:1987] [PG ID 0 PG GUID 0(default_pg)"
            " Rank 5] Received a dump signal",
            {"rank": "5"},
        ),
        ("[default3]:RuntimeError: CUDA error", {"local_rank": "3"}),
        (" 9: num_gpus=8 num_sockets = 2 num_nodes=4 cores_per_socket=48", {"rank": "9"}),
        ("416: gdrcopy open failed", {"rank": "416"}),
        (
            "[1,31]<stdout>:ip-172-32-36-209:8800:9549 [7] NCCL INFO include/net.h:24 -> 2",
            {"rank": "31", "host": "ip-172-32-36-209", "pid": "8800", "gpu": "7"},
        ),
        (
            "node1:812:1023 [3] include/alloc.h:99 NCCL WARN Cuda failure 2 'out of memory'",
            {"host": "node1", "pid": "812", "gpu": "3"},
        ),
        (
            "(train_rft pid=2657296) 2024-05-11 14:10:52.227 n176-080-198:2657296:2658232 [0] include/alloc.h",
            {"process": "train_rft", "pid": "2657296", "host": "n176-080-198", "gpu": "0"},
        ),
        (
            "(LLMEngine pid=2347640, ip=10.58.226.15) ncclInternalError: Internal check failed.",
            {"process": "LLMEngine", "pid": "2347640", "host": "10.58.226.15"},
        ),
        (
            "(Worker_TP0 pid=41490) INFO 08-02 11:06:31 [parallel_state.py:1607] world_size=1",
            {"process": "Worker_TP0", "pid": "41490"},
        ),
        ("(VllmWorker rank=1 pid=77) ERROR boom", {"process": "VllmWorker", "rank": "1", "pid": "77"}),
        ("Nov 29 11:28:11 zeus kernel: NVRM: Xid (PCI:0000:c1:00): 31, pid=12890", {"host": "zeus"}),
        (
            "Jun 15 12:12:34 combo sshd(pam_unix)[23397]: authentication failure; logname= uid=0",
            {"host": "combo", "pid": "23397"},
        ),
        ("2024-05-10T17:36:21.123456+02:00 node7 kernel: [ 1234.5] NVRM", {"host": "node7"}),
        ("2024-05-10T17:36:21+0200 node7 kernel: NVRM: Xid", {"host": "node7"}),
        ("2024-05-10T17:36:21.5Z node7 slurmd[812]: error", {"host": "node7", "pid": "812"}),
        (
            "E1122 06:01:30.013000 3707 torch/distributed/elastic/multiprocessing/api.py:1002] failed",
            {"pid": "3707"},
        ),
        (
            "[ast1815:6807 :0:6807] ib_mlx5_log.c:115  FATAL: Error on mlx5_3",
            {"host": "ast1815", "pid": "6807"},
        ),
        (
            "[pod/llm-0-abc/trainer] [rank3]: boom",
            {"pod": "llm-0-abc", "container": "trainer", "rank": "3"},
        ),
        (
            "2026-01-01T00:00:00.123456789Z stderr F [rank3]:[E1218 20:27:21.433063423 x.cpp:1] boom",
            {"rank": "3"},
        ),
        (
            "Epoch 0:   6%|██    | 32040/500150 [6:28:43<94:39:17][E ProcessGroupNCCL.cpp:458] [Rank 0] Watchdog",
            {"rank": "0"},
        ),
    ],
)
def test_it_says_which_process_wrote_the_line(line: str, labels: dict[str, str]) -> None:
    assert labels_of(line) == labels


@pytest.mark.parametrize(
    "line",
    [
        # Numbers of threads, not of processes.
        "F0402 19:17:15.304689 15412 im2col.cu:54] Cuda kernel failed. Error: unspecified launch failure",
        "I0507 12:04:17.596581       1 defaultevictor.go:202] Pod fails the following checks",
        # Words of the message itself.
        "AssertionError: Rank 7: found NaN in local forward loss calculation. Device: 7, node: node-3",
        "NVRM: Xid (PCI:0000:01:00): 94, pid=7194, Contained: CE User Channel (0x9)",
        "0/6 nodes are available: 6 Insufficient nvidia.com/gpu.",
        "RuntimeError: DataLoader worker (pid 5334) is killed by signal: Killed. ",
        "[0]:",
        "",
    ],
)
def test_what_only_looks_like_a_process_is_not_taken_for_one(line: str) -> None:
    assert labels_of(line) == {}


@pytest.mark.parametrize(
    ("line", "when"),
    [
        (
            "2023-02-05 10:33:42.317036: E tensorflow/stream_executor/cuda/cuda_blas.cc:428]",
            "2023-02-05 10:33:42.317036",
        ),
        ("2023-07-01 16:41:05,669 - ERROR: Exception occurred during H2O LLM", "2023-07-01 16:41:05.669"),
        ("2020-08-03T10:20:25 | mmf.trainers.core.training_loop: Starting", "2020-08-03 10:20:25"),
        ("[2026-06-11 11:44:19] host-0:617:2799 [3] misc/socket.cc:58", "2026-06-11 11:44:19"),
        ("[2026-03-28T14:27:13.072] error: Detected 1 oom_kill event", "2026-03-28 14:27:13.072"),
        (
            "[2023-04-18 03:36:00,502] [INFO] [fused_optimizer.py:363:_update_scale]",
            "2023-04-18 03:36:00.502",
        ),
        ("  0: [NeMo W 2024-05-10 17:36:21 nemo_logging:349] /usr/local/lib", "2024-05-10 17:36:21"),
        ("2025-01-21T04:41:44,283575+02:00 NVRM: Xid (PCI:0000:38:00): 13", "2025-01-21 02:41:44.283575"),
        ("kern  :warn  : 2025-01-21T04:41:44,283575+00:00 NVRM: Xid", "2025-01-21 04:41:44.283575"),
        ("2026-01-01T00:00:00.123456789Z stderr F Traceback", "2026-01-01 00:00:00.123456"),
        ("[Wed Sep 29 07:12:20 2021] python3 invoked oom-killer", "2021-09-29 07:12:20"),
        (':::MLLOG {"namespace": "", "time_ms": 1662604963671, "event_type"', "2022-09-08 02:42:43.671"),
        ('{"ts": 1700000000.25, "level": "error"}', "2023-11-14 22:13:20.25"),
        ('{"timestamp": "2026-01-02T03:04:05Z", "level": "error"}', "2026-01-02 03:04:05"),
        (r'{"log":"boom\n","stream":"stderr","time":"2026-01-02T03:04:05.5Z"}', "2026-01-02 03:04:05.5"),
        ("(APIServer pid=1) [2026-05-21 23:55:54] WARNING _http.py:320", "2026-05-21 23:55:54"),
        # The outermost of several times is the one that is kept.
        (
            "Mar 14 19:34:13 minikube kubelet[3244]: E0314 19:34:12.520901    3244 pod_workers.go:190]",
            "2026-03-14 19:34:13",
        ),
    ],
)
def test_it_says_when_the_line_was_written(line: str, when: str) -> None:
    assert log_time(line, REFERENCE) == pytest.approx(at(when), abs=1e-6)


@pytest.mark.parametrize(
    ("line", "when"),
    [
        ("Oct 16 20:47:19 V09 kernel: Kernel panic", "2026-10-16 20:47:19"),
        ("Nov 29 11:28:11 zeus kernel: NVRM: GPU at PCI:0000:c1:00", "2025-11-29 11:28:11"),
        ("Jul  1 04:05:19 combo su(pam_unix)[1]: session opened", "2026-07-01 04:05:19"),
        (
            "[rank1]:[E1218 20:27:21.433063423 ProcessGroupNCCL.cpp:629] [Rank 1]",
            "2025-12-18 20:27:21.433063",
        ),
        ("[W304 19:44:41.898456436 TCPStore.cpp:125] [c10d] recvValue failed", "2026-03-04 19:44:41.898456"),
        (
            "18:11:06.680 [rank4]:[E205 18:11:06.375750231 ProcessGroupNCCL.cpp:1870]",
            "2026-02-05 18:11:06.375750",
        ),
        ("(EngineCore pid=4) INFO 08-02 11:06:31 [parallel_state.py:1607]", "2026-08-02 11:06:31"),
        ("I0229 00:00:00.000000 1 file.cc:1] leap", "2024-02-29 00:00:00"),
    ],
)
def test_a_missing_year_is_the_latest_that_fits(line: str, when: str) -> None:
    assert log_time(line, REFERENCE) == pytest.approx(at(when), abs=1e-6)


@pytest.mark.parametrize(
    "line",
    [
        "[ 1843.308145] NVRM: The NVIDIA GPU 0000:b3:00.0",
        "[15:58:29] WARNING  Sending process 197 closing signal SIGTERM",
        "RuntimeError: CUDA error",
        "slurmstepd: error: *** JOB 7725767 ON gra1181 CANCELLED AT 2023-07-08T08:46:25 DUE TO TIME LIMIT",
        "2026-13-45 99:99:99 no such day",
        "[2026-02-30 10:00:00] no such day",
        "[1970-01-01 00:00:07] a clock that was not set yet",
        "[2027-06-01 10:00:00] half a year ahead of its file",
    ],
)
def test_a_line_without_a_usable_date_has_no_time(line: str) -> None:
    assert log_time(line, REFERENCE) is None


def test_a_time_without_a_zone_is_in_the_zone_of_the_log() -> None:
    east = timezone(timedelta(hours=8))
    assert log_time("[2026-06-11 11:44:19] boom", REFERENCE, east) == at("2026-06-11 03:44:19")
    assert log_time("2026-06-11T11:44:19Z boom", REFERENCE, east) == at("2026-06-11 11:44:19")


def test_a_log_may_be_some_hours_ahead() -> None:
    assert log_time("[2026-11-22 20:00:00] boom", REFERENCE) == at("2026-11-22 20:00:00")


def test_the_time_above_is_that_of_the_last_line_that_says_its_own() -> None:
    above = b"[2026-01-01 10:00:00] a\n[2026-01-01 10:00:05] b\n  File x.py\nTraceback\n"
    assert time_above(above, REFERENCE) == at("2026-01-01 10:00:05")
    assert time_above(b"nothing\nhere\n", REFERENCE) is None


PIECES = st.sampled_from(
    [
        *(
            "[rank3]:",
            "(x pid=3)",
            "[Rank ",
            "2026-01-01 10:00:00",
            " ",
            "[",
            "]",
            ":",
            "E1218 20:27:21.4 ",
            "9" * 20,
        ),
        *(
            "a.b/c" * 40,
            "[PG " * 30,
            '{"log":"',
            '{"ts": ',
            "INFO",
            " - ",
            "|",
            "node1:1:2 [",
            "Jun 15 12:12:34 ",
        ),
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_any_text_has_a_prefix_and_none_says_more_than_it_may(text: str) -> None:
    prefix = read(text)
    when = log_time(text, REFERENCE)
    assert all(value and value in text for value in prefix.labels.values())
    assert when is None or when <= REFERENCE + 86400


@pytest.mark.parametrize(
    "piece", ["[a:", "(a ", "1:1:1 [", "[PG ", "a/b.c:", "Jan ", "[rank", "E1218 ", "-", '{"log":']
)
def test_hostile_text_is_read_like_any_other(piece: str) -> None:
    assert read(piece * 200_000).labels == {}


def test_no_pattern_of_a_prefix_tells_one_digit_from_another() -> None:
    """What lines of one shape say stands at the same places."""
    patterns = [
        *(pattern for first in (_ONLY_FIRST, *_BY_FIRST.values(), _WORDS) for pattern in first.patterns),
        *(pattern.pattern for _, pattern in _ANYWHERE),
    ]
    assert len(patterns) > 30
    assert {pattern: told_apart(pattern) for pattern in patterns} == dict.fromkeys(patterns, frozenset())
