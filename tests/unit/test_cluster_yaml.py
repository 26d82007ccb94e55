"""The cluster files are what Ray takes, and open nothing to the world."""

from __future__ import annotations

import copy
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "cluster.md").read_text()
TEXTS = {
    "aws": (ROOT / "cluster.yaml").read_text(),
    "local": (ROOT / "docs" / "examples" / "cluster-local.yaml").read_text(),
    "kuberay": (ROOT / "docs" / "examples" / "kuberay.yaml").read_text(),
}
COMMANDS = (
    "initialization_commands",
    "setup_commands",
    "head_setup_commands",
    "worker_setup_commands",
    "head_start_ray_commands",
    "worker_start_ray_commands",
)
LOOPBACK = "127.0.0.1"


def for_gcp(text: str) -> str:
    """The text after what its own comments tell a user of GCP to do."""
    before, _, rest = text.partition("# ==== AWS")
    _, _, rest = rest.partition("# ==== GCP\n")
    gcp, mark, after = rest.partition("# ==== both")
    assert mark, "cluster.yaml lost a mark of its sections"
    assert all(line.startswith("#") or not line for line in gcp.splitlines())
    bare = "\n".join(line.removeprefix("#").removeprefix(" ") for line in gcp.splitlines())
    return f"{before}\n{bare}\n# ==== both{after}"


TEXTS["gcp"] = for_gcp(TEXTS["aws"])
CLUSTERS = {name: yaml.safe_load(TEXTS[name]) for name in ("aws", "gcp", "local")}
each_cluster = pytest.mark.parametrize("cluster", CLUSTERS.values(), ids=CLUSTERS.keys())
KUBERNETES = [part for part in yaml.safe_load_all(TEXTS["kuberay"]) if part is not None]


def prepared(cluster: dict[str, Any]) -> dict[str, Any]:
    """As `ray up` fills it with defaults and checks it, before it asks the provider."""
    filled: dict[str, Any] = prepare_config(copy.deepcopy(cluster))
    validate_config(filled)
    return filled


def commands(cluster: dict[str, Any]) -> list[str]:
    return [command for key in COMMANDS for command in prepared(cluster)[key]]


def ray_starts(cluster: dict[str, Any]) -> list[list[str]]:
    """The words of every `ray start`, with the variables before it."""
    parts = [part for command in commands(cluster) for part in re.split(r"[;&|\n]+\s*", command)]
    return [shlex.split(part) for part in parts if re.search(r"\bray start\b", part)]


@each_cluster
def test_ray_takes_the_file(cluster: dict[str, Any]) -> None:
    filled = prepared(cluster)
    assert filled["head_node_type"] in filled["available_node_types"]
    assert filled["docker"] == {}


def test_ray_would_not_take_a_mistyped_file() -> None:
    with pytest.raises(Exception, match="max_wokers"):
        prepared(CLUSTERS["aws"] | {"max_wokers": 3})


@each_cluster
def test_the_head_starts_ray_and_the_autoscaler_and_workers_find_it(cluster: dict[str, Any]) -> None:
    head, worker = ray_starts(cluster)
    assert "--head" in head
    assert "--autoscaling-config=~/ray_bootstrap_config.yaml" in head
    assert "--address=$RAY_HEAD_IP:6379" in worker
    assert "--port=6379" in head


@each_cluster
def test_every_command_is_sound_bash(cluster: dict[str, Any]) -> None:
    for command in commands(cluster):
        checked = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True)
        assert (checked.returncode, checked.stderr) == (0, ""), command


@each_cluster
def test_shells_on_the_nodes_find_package_token_storage_and_mlflow(
    cluster: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "segsweep").mkdir()
    writing = [command for command in cluster["setup_commands"] if "environment.sh" in command]
    home = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    for command in [*writing, *writing]:  # `ray up` runs them again
        subprocess.run(["bash", "-c", command], env=home, check=True)
    assert (tmp_path / ".bashrc").read_text().count("environment.sh") == 1
    shell = subprocess.run(
        ["bash", "-c", ". ~/.bashrc; env"], env=home, check=True, capture_output=True, text=True
    )
    assert {
        f"PATH={tmp_path}/segsweep/venv/bin:/usr/bin:/bin",
        "RAY_AUTH_MODE=token",
        "SEGSWEEP_STORAGE=/mnt/segsweep/sweeps",
        "MLFLOW_TRACKING_URI=http://127.0.0.1:5000",
    } <= set(shell.stdout.splitlines())


@each_cluster
def test_every_ray_wants_the_token_and_shows_its_dashboard_to_nobody(cluster: dict[str, Any]) -> None:
    for words in ray_starts(cluster):
        assert "RAY_AUTH_MODE=token" in words[: words.index("ray")]
        assert "--disable-usage-stats" in words
        hosts = [word.partition("=")[2] for word in words if word.startswith("--dashboard-host")]
        assert hosts == ([LOOPBACK] if "--head" in words else [])
        assert not [word for word in words if word.startswith("--ray-client-server-port")]
    exported = [command for command in commands(cluster) if "environment.sh" in command]
    assert any("'RAY_AUTH_MODE=token'" in command for command in exported)


@each_cluster
def test_mlflow_listens_on_the_head_alone_and_runs_no_jobs(cluster: dict[str, Any]) -> None:
    starts = [command for command in commands(cluster) if "mlflow server" in command]
    assert starts == [part for part in cluster["head_start_ray_commands"] if "mlflow server" in part]
    (start,) = starts
    assert re.findall(r"--host[= ](\S+)", start) == [LOOPBACK]
    assert "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false" in start
    assert "--allowed-hosts" not in start
    exported = [command for command in commands(cluster) if "MLFLOW_TRACKING_URI" in command]
    assert all(f"MLFLOW_TRACKING_URI=http://{LOOPBACK}:5000" in command for command in exported)
    assert exported


@pytest.mark.parametrize("name", ["aws", "gcp", "local"])
def test_another_store_is_one_changed_line(name: str) -> None:
    text = TEXTS[name]
    (sqlite,) = re.findall(r"^ +store=sqlite:.*$", text, re.M)
    (postgres,) = re.findall(r"^ +# +(store=postgresql://\S+)$", text, re.M)
    indent = sqlite[: len(sqlite) - len(sqlite.lstrip())]
    changed = yaml.safe_load(text.replace(sqlite, indent + postgres))
    (start,) = (command for command in commands(changed) if "mlflow server" in command)
    assert start.splitlines()[0] == postgres
    assert '"$store"' in start
    assert any("psycopg[binary]" in command for command in changed["head_setup_commands"])


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_nothing_is_open_to_the_world_and_no_secret_is_in_the_file(text: str) -> None:
    for world in ("0.0.0.0", "::/0", "IpPermissions", "hostNetwork", "hostPort", "NodePort", "LoadBalancer"):
        assert world not in text
    assert not re.search(r"AKIA[0-9A-Z]{16}|-----BEGIN|[0-9a-f]{32}|://[^/\s'\"]*:[^/\s'\"@]*@", text)
    for key in re.findall(r"(?i)^[^#\n]*?([\w-]*(?:password|secret|token))\s*[:=](?! *false)", text, re.M):
        assert key in {"auth_token"}, f"{key} has a value in the file"


@each_cluster
def test_the_token_is_mounted_and_readable_by_its_user_alone(cluster: dict[str, Any]) -> None:
    assert cluster["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"
    assert "chmod 600 ~/.ray/auth_token" in cluster["setup_commands"][0]


@each_cluster
def test_nodes_install_this_package_with_its_constraints(cluster: dict[str, Any]) -> None:
    mounts = {remote: local for remote, local in cluster["file_mounts"].items() if not local.startswith("~")}
    assert mounts == {f"~/segsweep/{local}": local for local in mounts.values()}
    assert mounts.keys() >= {"~/segsweep/sweep", "~/segsweep/trainables", "~/segsweep/constraints.txt"}
    assert all((ROOT / local).exists() for local in mounts.values())
    assert {"pyproject.toml", "README.md"} <= set(mounts.values())  # the wheel cannot be built without
    installs = [command for command in commands(cluster) if "pip install" in command]
    assert all("-c ~/segsweep/constraints.txt" in command for command in installs)
    assert any(" ~/segsweep " in command for command in installs)


def test_constraints_pin_what_only_nodes_install() -> None:
    pinned = {line.partition("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().split()}
    installs = [
        command for cluster in CLUSTERS.values() for command in commands(cluster) if "pip install" in command
    ]
    asked = {word for install in installs for word in shlex.split(install.partition("constraints.txt")[2])}
    named = {re.sub(r"\[.*\]", "", word) for word in asked if not word.startswith("~")}
    assert named == {"ray", "boto3", "google-api-python-client", "psycopg"}
    assert named | {"psycopg-binary", "grpcio", "virtualenv"} <= pinned  # the latter two of ray[default]


@pytest.mark.parametrize("name", ["aws", "gcp"])
def test_gpu_machines_come_when_asked_for_up_to_one_limit(name: str) -> None:
    cluster = prepared(CLUSTERS[name])
    head, worker = (cluster["available_node_types"][kind] for kind in ("head", "gpu_worker"))
    assert (head["min_workers"], head["max_workers"]) == (0, 0)
    assert (worker["min_workers"], worker["max_workers"]) == (0, cluster["max_workers"])
    assert head["resources"] == {"CPU": 0}
    head_start = ray_starts(CLUSTERS[name])[0]
    assert "--num-cpus=0" in head_start


def test_gpu_machines_are_spot_machines() -> None:
    aws, gcp = (
        CLUSTERS[name]["available_node_types"]["gpu_worker"]["node_config"] for name in ("aws", "gcp")
    )
    assert aws["InstanceMarketOptions"] == {"MarketType": "spot"}
    assert {"preemptible": True} in gcp["scheduling"]


def test_a_local_cluster_takes_all_its_machines() -> None:
    cluster = prepared(CLUSTERS["local"])
    machines = len(cluster["provider"]["worker_ips"])
    (kind,) = cluster["available_node_types"].values()
    assert (kind["min_workers"], kind["max_workers"], cluster["max_workers"]) == (machines,) * 3
    assert "RAY_enable_autoscaler_v2=0" in ray_starts(CLUSTERS["local"])[0]  # 2.60's v2 takes one too few


def test_the_files_differ_only_where_the_places_do() -> None:
    aws, gcp, local = CLUSTERS.values()
    of_place = {"provider", "available_node_types", "initialization_commands", "head_setup_commands"}
    assert {key for key in aws if aws[key] != gcp.get(key)} == of_place
    assert all(aws[key] == local[key] for key in ("file_mounts", "rsync_exclude"))
    assert {part for part in local["setup_commands"] if part not in aws["setup_commands"]} == {
        "test -w /mnt/segsweep"
    }
    assert aws["head_start_ray_commands"][-1] == local["head_start_ray_commands"][-1]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_the_document_names_everything_that_is_to_be_changed(text: str) -> None:
    places = [line for line in text.splitlines() if "CHANGE-ME" in line and not line.startswith("#")]
    assert places
    for line in places:
        before = re.split(r"CHANGE-ME", line)[0].split(" ")[-1].lstrip("'")
        key = re.split(r":\s", line.strip(" -"))[0]
        assert f"`{key}`" in DOCUMENT or f"{before}CHANGE-ME" in DOCUMENT, line


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [part for part in KUBERNETES if part["kind"] == kind]


def containers() -> list[dict[str, Any]]:
    (cluster,) = of_kind("RayCluster")
    groups = [cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"]]
    return [container for group in groups for container in group["template"]["spec"]["containers"]]


def test_kubernetes_runs_one_image_within_limits() -> None:
    assert {container["name"] for container in containers()} == {"ray-head", "mlflow", "ray-worker"}
    assert len({container["image"] for container in containers()}) == 1
    for container in containers():
        limits, requests = (container["resources"][key] for key in ("limits", "requests"))
        assert limits.keys() == requests.keys() >= {"cpu", "memory"}
        assert not container["securityContext"]["allowPrivilegeEscalation"]
        assert "ports" not in container
    (worker,) = (container for container in containers() if container["name"] == "ray-worker")
    assert worker["resources"]["limits"]["nvidia.com/gpu"] == 1
    (cluster,) = of_kind("RayCluster")
    assert all(group["minReplicas"] == 0 for group in cluster["spec"]["workerGroupSpecs"])
    assert f'rayVersion: "{ray_version()}"' in TEXTS["kuberay"]


def ray_version() -> str:
    (version,) = re.findall(r"^ray==(\S+)$", (ROOT / "constraints.txt").read_text(), re.M)
    return str(version)


def test_kubernetes_wants_the_token_from_a_secret_everywhere() -> None:
    (cluster,) = of_kind("RayCluster")
    with_ray = [container for container in containers() if container["name"].startswith("ray-")]
    for env in (
        cluster["spec"]["autoscalerOptions"]["env"],
        *(container["env"] for container in with_ray),
    ):
        values = {variable["name"]: variable for variable in env}
        assert values["RAY_AUTH_MODE"]["value"] == "token"
        assert values["RAY_AUTH_TOKEN"]["valueFrom"]["secretKeyRef"]["name"] == "segsweep-ray-token"
        assert "value" not in values["RAY_AUTH_TOKEN"]
    assert not of_kind("Secret")


def test_kubernetes_shows_mlflow_and_dashboard_to_the_head_alone() -> None:
    (cluster,) = of_kind("RayCluster")
    assert cluster["spec"]["headGroupSpec"]["rayStartParams"]["dashboard-host"] == LOOPBACK
    (mlflow,) = (container for container in containers() if container["name"] == "mlflow")
    words = [*mlflow["command"], *mlflow["args"]]
    assert words[words.index("--host") + 1] == LOOPBACK
    assert not of_kind("Service")
    assert not of_kind("Ingress")
    (policy,) = of_kind("NetworkPolicy")
    selector = {"matchLabels": {"ray.io/cluster": cluster["metadata"]["name"]}}
    assert policy["spec"]["podSelector"] == selector
    assert policy["spec"]["ingress"] == [{"from": [{"podSelector": selector}]}]


def test_kubernetes_pods_share_one_claim() -> None:
    (cluster,) = of_kind("RayCluster")
    claims = {
        claim["metadata"]["name"]: claim["spec"]["accessModes"] for claim in of_kind("PersistentVolumeClaim")
    }
    assert claims["segsweep-shared"] == ["ReadWriteMany"]
    for group in (cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"]):
        pod = group["template"]["spec"]
        assert {"name": "shared", "persistentVolumeClaim": {"claimName": "segsweep-shared"}} in pod["volumes"]
        assert {"name": "shared", "mountPath": "/mnt/segsweep"} in pod["containers"][0]["volumeMounts"]
