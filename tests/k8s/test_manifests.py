"""The manifests: valid, hardened, with commands that exist and settings that load."""

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import kubernetes_validate
import pytest
import yaml

from streams.cli.main import app
from streams.cli.worker import Role
from streams.config import CONFIG_VARIABLE, variables_of
from streams.secret import others_may_read
from streams.settings import Settings, load_settings

K8S = Path(__file__).parents[2] / "k8s"
OWN = sorted(file for file in (K8S / "base").glob("*.yaml") if file.stem not in {"kustomization", "thalweg"})
VERSIONS = ("1.30", kubernetes_validate.latest_version())
FOLDERS = [K8S / "base", K8S / "overlays" / "example"]
needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

Manifest = dict[str, Any]


def documents(text: str) -> list[Manifest]:
    """The manifests of a YAML text."""
    return [document for document in yaml.safe_load_all(text) if document]


def rendered(folder: Path) -> list[Manifest]:
    """What the cluster gets of a kustomization."""
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return documents(done.stdout)


def workloads() -> Iterator[tuple[str, Manifest]]:
    """Name and pod of everything in base that runs."""
    for file in OWN:
        for document in documents(file.read_text()):
            yield document["metadata"]["name"], document["spec"]["template"]["spec"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("file", OWN, ids=lambda file: file.stem)
def test_each_manifest_is_valid(file: Path, version: str) -> None:
    """Strictly: an unknown field is a mistake too."""
    for document in documents(file.read_text()):
        kubernetes_validate.validate(document, version, strict=True)


def test_a_misspelt_field_is_seen() -> None:
    """The validator would not accept everything."""
    (document,) = documents(OWN[0].read_text())
    document["spec"]["replicsa"] = 2

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, VERSIONS[-1], strict=True)


@needs_kubectl
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_kustomize_makes_is_valid_and_loads(folder: Path) -> None:
    """Every document is valid; each pod's ConfigMap is one that was made, and its settings load."""
    manifests = rendered(folder)

    made = {manifest["metadata"]["name"]: manifest for manifest in manifests}
    assert {"thalweg-enrich", "thalweg-sessions", "thalweg-rebuild", "thalweg-migrate"} < set(made)
    for manifest in manifests:
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)
        if manifest["kind"] != "ConfigMap":
            volumes = manifest["spec"]["template"]["spec"]["volumes"]
            assert {volume["configMap"]["name"] for volume in volumes if "configMap" in volume} <= set(made)


@pytest.mark.parametrize("file", sorted(K8S.rglob("thalweg.yaml")), ids=lambda file: file.parent.name)
def test_the_settings_load(file: Path) -> None:
    """They name a broker and a warehouse, and nothing unknown."""
    settings = load_settings(file)

    assert settings.kafka.brokers != Settings().kafka.brokers
    assert settings.clickhouse.host != Settings().clickhouse.host


def command_exists(words: list[str]) -> bool:
    """Whether the command line has this command, and a worker of this role."""
    command, *role = words
    known = {info.name for info in app.registered_commands}
    return command in known and (role == [] or (command == "worker" and role[0] in get_args(Role)))


def test_the_commands_exist() -> None:
    """The pods and the compose file run what the command line has; a misspelt one would be seen."""
    compose = yaml.safe_load((K8S / "compose.yaml").read_text())["services"]
    ours = [service["command"] for service in compose.values() if service["image"].startswith("thalweg")]
    commands = [pod["containers"][0]["args"] for _, pod in workloads()] + ours

    assert len(commands) == 8
    assert [words for words in commands if not command_exists(words)] == []
    assert not command_exists(["worker", "enrihc"])
    assert not command_exists(["migrat"])


def test_the_variables_are_settings() -> None:
    """Every THALWEG_ variable that a pod or the compose file sets is known."""
    compose = (K8S / "compose.yaml").read_text()
    set_in_pods = {item["name"] for _, pod in workloads() for item in pod["containers"][0]["env"]}
    set_by_compose = set(re.findall(r"^ +(THALWEG_\w+):", compose, re.MULTILINE))

    assert set_by_compose
    assert (set_in_pods | set_by_compose) - {CONFIG_VARIABLE} <= set(variables_of(Settings))


@pytest.mark.parametrize(("name", "pod"), list(workloads()), ids=lambda value: value if isinstance(value, str) else "")
def test_pods_have_no_rights(name: str, pod: Manifest) -> None:
    """Not root, nothing to write but its volumes, no capabilities, no token, one secret by reference."""
    (container,) = pod["containers"]
    own = container["securityContext"]

    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own["readOnlyRootFilesystem"] is True
    assert own["allowPrivilegeEscalation"] is False
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"]["memory"]
    secret = "THALWEG_SECRET" if name == "thalweg-enrich" else "THALWEG_CLICKHOUSE_PASSWORD"
    assert [item["name"] for item in container["env"] if "valueFrom" in item] == [secret]
    plain = [item["name"] for item in container["env"] if "value" in item]
    metrics = ["THALWEG_METRICS_HOST", "THALWEG_METRICS_PORT"] if "ports" in container else []
    assert plain == [CONFIG_VARIABLE, *metrics]


def test_only_the_enrich_pods_see_the_keys() -> None:
    """As a whole folder, so that a changed Secret reaches a running worker, and readable for their group alone."""
    mounted = {}
    for name, pod in workloads():
        volumes = [volume for volume in pod["volumes"] if "secret" in volume]
        mounts = {mount["name"]: mount for mount in pod["containers"][0]["volumeMounts"]}
        mounted[name] = [(volume["secret"], mounts[volume["name"]]) for volume in volumes]

    ((secret, mount),) = mounted.pop("thalweg-enrich")
    assert secret == {"secretName": "thalweg-keys", "optional": True, "defaultMode": 0o440}
    assert mount == {"name": "keys", "mountPath": "/etc/thalweg-keys", "readOnly": True}
    assert set(map(len, mounted.values())) == {0}


def test_a_key_file_as_a_pod_sees_it_is_taken() -> None:
    """Root's, for the group of the pod's fsGroup; to a stranger's group or to everyone it is open."""
    pod = dict(workloads())["thalweg-enrich"]
    context = pod["securityContext"]
    mode = next(volume["secret"]["defaultMode"] for volume in pod["volumes"] if "secret" in volume)

    def is_open(mode: int, group: int) -> bool:
        found = os.stat_result((stat.S_IFREG | mode, 0, 0, 1, 0, group, 0, 0, 0, 0))
        return others_may_read(found, context["runAsUser"], {context["fsGroup"]})

    assert not is_open(mode, context["fsGroup"])
    assert is_open(mode, 0)
    assert is_open(mode | 0o004, context["fsGroup"])


@pytest.mark.parametrize("name", ["enrich", "sessions"])
def test_a_worker_may_finish_its_batch(name: str) -> None:
    """The grace is longer than the interval and request limits a flush may take."""
    pod = dict(workloads())[f"thalweg-{name}"]
    kafka = Settings().kafka

    needed = kafka.rebalance_timeout if name == "sessions" else kafka.commit_interval
    assert pod["terminationGracePeriodSeconds"] > needed


def test_the_image_holds_no_secret_and_no_root() -> None:
    """The Dockerfile installs by hash, runs as the pods' user, and takes no build argument."""
    text = (K8S / "Dockerfile").read_text()

    assert text.count("--require-hashes") == 3
    assert "USER 10001:10001" in text
    assert not re.search(r"^ARG|SECRET|PASSWORD|TOKEN", text, re.MULTILINE)
