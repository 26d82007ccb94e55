"""What a user types, on the laptop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.lab import CHECKOUT, CLUSTER_FILE, Lab
from tests.cluster.patience import wait_for
from tests.specs import write_spec

DASHBOARD = "http://127.0.0.1:8265"
MLFLOW = "http://127.0.0.1:5000"
_CLUSTER = "~/cluster.yaml"


class User:
    """Somebody with a laptop, the checkout and the machines' key."""

    def __init__(self, lab: Lab) -> None:
        self._laptop = lab.laptop
        self.cluster = yaml.safe_load((CHECKOUT / CLUSTER_FILE).read_text())
        del self.cluster["head_setup_commands"]  # psycopg, which nobody downloads here; the store is SQLite
        write_spec(self.home / "cluster.yaml", self.cluster)

    @property
    def home(self) -> Path:
        """Of the laptop, as this machine sees it."""
        return self._laptop.place.home

    def make_token(self) -> None:
        """Once, before the first `ray up`."""
        self._laptop.output("umask 077; ray get-auth-token --generate > /dev/null")

    def ray_up(self) -> None:
        """Starts the cluster."""
        self._laptop.output(f"ray up -y --no-config-cache {_CLUSTER}")

    def ray_down(self) -> None:
        """Ends Ray on the head."""
        self._laptop.output(f"ray down -y {_CLUSTER}")

    def copy_to_head(self, name: str, where: str) -> None:
        """A file of the laptop's home folder."""
        self._laptop.output(f"ray rsync-up {_CLUSTER} ~/{name} {where}")

    @contextmanager
    def tunnel(self) -> Iterator[None]:
        """The head's dashboard and MLflow on the laptop's own 127.0.0.1, while the block lasts."""
        with self._laptop.running(f"ray attach -p 8265 -p 5000 {_CLUSTER}"):
            wait_for("MLflow on the laptop's port 5000", lambda: self.reaches(f"{MLFLOW}/health"))
            yield

    def reaches(self, url: str) -> bool:
        """Whether anybody answers there, be it with a refusal."""
        return self._laptop.run(f"curl -s -o /dev/null -m 5 {url}").returncode == 0

    def nodes(self) -> set[str]:
        """Addresses of the nodes that Ray's dashboard calls alive."""
        listing = self._laptop.output(
            f"RAY_AUTH_MODE=token ray list nodes --address {DASHBOARD} --format json 2> /dev/null"
        )
        return {node["node_ip"] for node in json.loads(listing) if node["state"] == "ALIVE"}

    def submit(self, spec: dict[str, Any], name: str) -> None:
        """Starts a sweep, and does not wait for it."""
        write_spec(self.home / f"{name}.yaml", spec)
        said = self._laptop.output(f"sweep submit ~/{name}.yaml --name {name} --address {DASHBOARD}")
        assert said == f"{name}\n"

    def ask(self, command: str) -> str:
        """What a command of ours said, such as `status rough`; a refusal is an answer, too."""
        done = self._laptop.run(f"sweep {command} --address {DASHBOARD}")
        return done.stdout + done.stderr
