"""The manifests are what Kubernetes takes, ask for no more than they need, and do what they promise.

Each ConfigMap's own text runs a real daemon on a tree that looks like the node's or the pod's.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from conformance.harness import until

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("daemonset", "sidecar-example")
# The oldest in which a sidecar is one by default, and the newest of which the schemas are here.
VERSIONS = ("1.29", kubernetes_validate.latest_version())
ACCELERATE = (
    "RuntimeError: You cannot set both `device_map` and `device` when using the `accelerate` launcher"
    " with multiple GPUs."
)
ACCELERATE_ID = "huggingface/accelerate-multi-gpu-device-map-conflict"
XID = "Nov 22 09:00:00 node7 kernel: NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus."

# It reads the whole catalogue first, on a busy machine for long; some tests start it twice.
START_S = 60.0
pytestmark = pytest.mark.timeout(240)

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


def rendered(folder: Path) -> list[dict[str, Any]]:
    told = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert told.returncode == 0, told.stderr
    return list(yaml.safe_load_all(told.stdout))


def written(overlay: str) -> list[dict[str, Any]]:
    """The resources of an overlay as they stand in its files."""
    files = sorted(path for path in (KUBERNETES / "overlays" / overlay).glob("*.yaml"))
    documents = [document for path in files for document in yaml.safe_load_all(path.read_text())]
    kinds = [document for document in documents if "kind" in document and "metadata" in document]
    return [*kinds, *yaml.safe_load_all((KUBERNETES / "base" / "serviceaccount.yaml").read_text())]


def pod_of(documents: list[dict[str, Any]]) -> dict[str, Any]:
    [pod] = [
        document["spec"]["template"] for document in documents if document["kind"] in {"DaemonSet", "Job"}
    ]
    return pod


def logwatch_in(pod: dict[str, Any]) -> dict[str, Any]:
    containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]
    [container] = [container for container in containers if container["name"] == "logwatch"]
    return container


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_takes_every_resource(overlay: str, version: str) -> None:
    for document in written(overlay):
        kubernetes_validate.validate(document, version, strict=True)


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_overlays_build(overlay: str) -> None:
    """And every volume, configuration and account that is named is there."""
    documents = rendered(KUBERNETES / "overlays" / overlay)
    named = {(document["kind"], document["metadata"]["name"]) for document in documents}
    pod = pod_of(documents)["spec"]
    assert ("ServiceAccount", pod["serviceAccountName"]) in named
    for volume in pod["volumes"]:
        source = volume.get("configMap") or {"optional": True}
        assert source.get("optional") or ("ConfigMap", source["name"]) in named
    mounted = {mount["name"] for mount in logwatch_in(pod_of(documents))["volumeMounts"]}
    assert mounted <= {volume["name"] for volume in pod["volumes"]}
    for document in documents:
        if not document["apiVersion"].startswith("monitoring.coreos.com"):
            kubernetes_validate.validate(document, VERSIONS[-1], strict=True)
    [configuration] = [
        document
        for document in documents
        if document["kind"] == "ConfigMap" and "logwatch.yaml" in document["data"]
    ]
    text = (KUBERNETES / "overlays" / overlay / "logwatch.yaml").read_text()
    assert configuration["data"]["logwatch.yaml"] == text


@needs_kubectl
def test_the_kernel_log_is_a_component_of_its_own(tmp_path: Path) -> None:
    folder = KUBERNETES / "overlays" / "daemonset"
    (tmp_path / "kustomization.yaml").write_text(
        json.dumps(
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "resources": [os.path.relpath(folder, tmp_path.resolve())],
                "components": [os.path.relpath(KUBERNETES / "components" / "kernel-log", tmp_path.resolve())],
            }
        )
    )
    documents = rendered(tmp_path)
    container = logwatch_in(pod_of(documents))
    assert container["securityContext"]["privileged"] is True
    assert "/dev/kmsg" in {mount["mountPath"] for mount in container["volumeMounts"]}
    [daemonset] = [document for document in documents if document["kind"] == "DaemonSet"]
    kubernetes_validate.validate(daemonset, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_it_has_no_rights_that_it_does_not_need(overlay: str) -> None:
    documents = written(overlay)
    assert not {document["kind"] for document in documents} & {"Role", "ClusterRole", "RoleBinding"}
    pod = pod_of(documents)["spec"]
    context = logwatch_in(pod_of(documents))["securityContext"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert (context["allowPrivilegeEscalation"], context["readOnlyRootFilesystem"]) == (False, True)
    assert context["capabilities"]["drop"] == ["ALL"]
    if overlay == "sidecar-example":
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert "add" not in context["capabilities"]
    else:
        assert context["capabilities"]["add"] == ["DAC_READ_SEARCH"]
    logs = [mount for mount in logwatch_in(pod_of(documents))["volumeMounts"] if "log" in mount["name"]]
    assert all(mount["readOnly"] for mount in logs if mount["name"] != "logwatch-state")


def test_the_sidecar_is_a_native_one() -> None:
    pod = pod_of(written("sidecar-example"))["spec"]
    [sidecar] = pod["initContainers"]
    assert sidecar["restartPolicy"] == "Always"
    assert "readinessProbe" not in sidecar


def test_the_monitor_finds_the_pods_and_their_port() -> None:
    [monitor] = yaml.safe_load_all(
        (KUBERNETES / "components" / "prometheus-operator" / "podmonitor.yaml").read_text()
    )
    wanted = monitor["spec"]["selector"]["matchLabels"]
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    for overlay in OVERLAYS:
        pod = pod_of(written(overlay))
        assert wanted.items() <= pod["metadata"]["labels"].items()
        assert endpoint["port"] in {port["name"] for port in logwatch_in(pod)["ports"]}


def test_the_rules_are_those_that_logwatch_prints() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "logwatch", "export", "prometheus-rules", "--for-operator"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    path = KUBERNETES / "components" / "prometheus-operator" / "prometheusrule.yaml"
    assert path.read_text() == told.stdout, (
        f"logwatch export prometheus-rules --for-operator > {path.relative_to(ROOT)}"
    )


class Pod:
    """A daemon on the text of a ConfigMap, in a root of its own: what the manifest mounts lies below `root`."""

    def __init__(self, overlay: str, root: Path, **env: str) -> None:
        self.root = root
        text = (KUBERNETES / "overlays" / overlay / "logwatch.yaml").read_text()
        for mounted in ("/var/lib/logwatch", "/var/log", "/logs"):
            text = text.replace(f'"{mounted}/', f'"{root}{mounted}/').replace(
                f"[{mounted}/", f"[{root}{mounted}/"
            )
        text = text.replace("state_dir: /var/lib", f"state_dir: {root}/var/lib")
        assert text.count(str(root)) >= 2
        self._path = root / "logwatch.yaml"
        self._path.write_text(text)
        self._env = {**os.environ, "LOGWATCH__HTTP__LISTEN": "127.0.0.1:0", **env}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.root / "out").open("ab") as out, (self.root / "err").open("ab") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "logwatch", "run", "-c", str(self._path)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=self._env,
            )
        ready = (self.root / "err").read_text().count('"ready"')
        until(
            lambda: (self.root / "err").read_text().count('"ready"') > ready,
            "the daemon to be ready",
            within=START_S,
        )

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(30)

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def events(self) -> list[dict[str, Any]]:
        out = (self.root / "out").read_bytes()
        return [json.loads(line) for line in out[: out.rfind(b"\n") + 1].splitlines()]


@contextlib.contextmanager
def pod(overlay: str, root: Path, **env: str) -> Iterator[Pod]:
    one = Pod(overlay, root, **env)
    try:
        yield one
    finally:
        one.close()


def cri(text: str) -> str:
    return f"2026-11-22T09:00:00.000000001Z stderr F {text}\n"


def container_log(root: Path, pod: str, namespace: str = "training", uid: str = "0b1f") -> Path:
    folder = root / "var" / "log" / "pods" / f"{namespace}_{pod}_{uid}" / "main"
    folder.mkdir(parents=True)
    return folder / "0.log"


def test_the_daemonset_reads_what_pods_say(tmp_path: Path) -> None:
    """Old news are left alone, its own output too; a long line comes in pieces; labels come from the path."""
    env = {"POD_NAMESPACE": "logwatch", "LOGWATCH__HOST": "node-17"}
    container_log(tmp_path, "old-0").write_text(cri(ACCELERATE))
    own = container_log(tmp_path, "logwatch-x7k2p", "logwatch")
    (tmp_path / "var" / "log" / "kern.log").write_text("")
    with pod("daemonset", tmp_path, **env) as daemon:
        daemon.start()
        container_log(tmp_path, "llm-worker-3", uid="9f2c").write_text(
            cri(ACCELERATE[:40]).replace(" F ", " P ") + cri(ACCELERATE[40:])
        )
        container_log(tmp_path, "web-0").write_text(cri("calm") + cri(ACCELERATE))
        own.write_text(cri(json.dumps({"line": ACCELERATE})))
        with (tmp_path / "var" / "log" / "kern.log").open("a") as kern:
            kern.write(XID + "\n")
        until(lambda: len(daemon.events()) >= 3, "the events")
        assert daemon.end() == 0
    found = Counter((event["error_id"], event["source"]) for event in daemon.events())
    assert found == {(ACCELERATE_ID, "pods"): 2, ("nvidia/xid-79", "kernel"): 1}
    by_labels = {event["labels"].get("job") or event["labels"].get("pod"): event for event in daemon.events()}
    worker = by_labels["llm"]
    assert worker["host"] == "node-17"
    assert worker["labels"] == {
        "namespace": "training", "job": "llm", "replica": "3", "uid": "9f2c", "container": "main",
    }  # fmt: skip
    assert worker["offset"] == 0
    assert by_labels["web-0"]["labels"]["namespace"] == "training"


def test_the_daemonset_goes_on_where_it_stopped(tmp_path: Path) -> None:
    log = container_log(tmp_path, "llm-worker-0")
    with pod("daemonset", tmp_path, POD_NAMESPACE="logwatch") as daemon:
        log.write_text(cri("calm"))
        daemon.start()
        with log.open("a") as file:
            file.write(cri(ACCELERATE))
        until(lambda: len(daemon.events()) == 1, "the first event")
        daemon.end(signal.SIGKILL)
        log.rename(log.with_name("0.log.20261122-090000"))
        log.write_text(cri(ACCELERATE))
        daemon.start()
        until(lambda: len(daemon.events()) == 2, "the second event")
        assert daemon.end() == 0
    assert len({event["event_id"] for event in daemon.events()}) == 2


def test_the_sidecar_tells_the_last_words_of_its_job(tmp_path: Path) -> None:
    """TERM comes when the job has ended: what it left is told before the sidecar ends, well within its time."""
    logs = tmp_path / "logs"
    logs.mkdir()
    env = {
        "LOGWATCH__HOST": "node-17",
        "LOGWATCH__LABELS__NAMESPACE": "training",
        "LOGWATCH__LABELS__POD": "llm-0-x2k9d",
        "LOGWATCH__LABELS__JOB": "llm",
    }
    with pod("sidecar-example", tmp_path, **env) as sidecar:
        sidecar.start()
        (logs / "rank0.log").write_text("step 1\n" + ACCELERATE)
        assert sidecar.end() == 0
    [event] = sidecar.events()
    assert event["error_id"] == ACCELERATE_ID
    assert event["labels"] == {"namespace": "training", "pod": "llm-0-x2k9d", "job": "llm", "rank": "0"}
    assert event["host"] == "node-17"
