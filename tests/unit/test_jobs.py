"""Commands as Ray jobs, with a cluster that only keeps what it is told."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.job_submission import JobDetails, JobStatus, JobType

from sweep.cli import main
from sweep.commands.on_cluster import without_address
from sweep.engine import jobs as jobs_module
from sweep.engine.jobs import Jobs
from sweep.errors import ClusterError, NameInUseError, SweepNotFoundError
from sweep.job import environment_of, is_job, must_outlast_job, take_arguments
from tests.specs import tiny_spec, write_spec
from tests.terminal import Terminal

URL = "http://127.0.0.1:8265"
PRELUDE = (
    "2026 INFO job_manager.py -- Runtime env is setting up.\nRunning entrypoint for job x: python -m sweep\n"
)


class Cluster:
    """Ray's client of Jobs, and the cluster behind it, where every job ends at once."""

    def __init__(self) -> None:
        self.jobs: dict[str, JobDetails] = {}
        self.sent: list[dict[str, Any]] = []
        self.files: list[dict[str, str]] = []
        self.deleted: list[str] = []
        self.says = "a table\n"
        self.code: int | None = 0
        self.ends = JobStatus.SUCCEEDED

    def __call__(self, address: str) -> Cluster:
        assert address == URL
        return self

    def submit_job(self, **request: Any) -> str:
        job: str = request["submission_id"]
        if job in self.jobs:
            raise RuntimeError(f"Job with submission_id {job} already exists.")
        self.sent.append(request)
        folder = request["runtime_env"].get("working_dir")
        if folder:
            place = Path(folder)
            files = (path for path in place.rglob("*") if path.is_file())
            self.files.append({str(path.relative_to(place)): path.read_text() for path in files})
        self.jobs[job] = JobDetails(
            type=JobType.SUBMISSION,
            submission_id=job,
            status=self.ends,
            entrypoint="",
            start_time=len(self.jobs),
            metadata=request["metadata"],
            driver_exit_code=self.code,
            message="it was too big",
        )
        return job

    def arguments(self) -> list[list[str]]:
        return [json.loads(one["runtime_env"]["env_vars"]["SEGSWEEP_ARGUMENTS"]) for one in self.sent]

    def get_job_info(self, job: str) -> JobDetails:
        return self.jobs[job]

    def get_job_status(self, job: str) -> JobStatus:
        return self.jobs[job].status

    def get_job_logs(self, job: str) -> str:
        return PRELUDE + self.says

    async def tail_job_logs(self, job: str) -> AsyncIterator[str]:
        for piece in ("one\n", "two\n"):
            yield piece

    def delete_job(self, job: str) -> None:
        self.deleted.append(job)

    def list_jobs(self) -> list[JobDetails]:
        return list(self.jobs.values())


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setattr(jobs_module, "must_answer_http", lambda address: None)
    monkeypatch.setattr(jobs_module, "JobSubmissionClient", made)
    monkeypatch.delenv("RAY_API_SERVER_ADDRESS", raising=False)
    monkeypatch.delenv("SEGSWEEP_OWNER", raising=False)
    return made


def submittable(folder: Path, **sections: Any) -> Path:
    spec = tiny_spec(folder, **sections)
    spec.pop("storage")
    return write_spec(folder / "tiny.yaml", spec)


def test_command_runs_on_the_cluster_and_ends_here_as_there(sweep: Terminal, cluster: Cluster) -> None:
    cluster.code, cluster.says = 2, "no sweep 'x'\n"
    done = sweep("status", "x", "--address", URL, "--storage", "/mnt/a b")
    assert (done.code, done.out, done.err) == (2, "no sweep 'x'\n", "")
    assert cluster.arguments() == [["status", "x", "--storage", "/mnt/a b"]]
    assert cluster.deleted == list(cluster.jobs), "a command that has ended leaves no job behind"


@pytest.mark.parametrize(
    "command", [["list"], ["status", "x"], ["report", "x"], ["stop", "x"], ["explain", "x", "t000"]]
)
def test_commands_that_can_run_on_a_cluster(command: list[str], sweep: Terminal, cluster: Cluster) -> None:
    assert sweep(*command, f"--address={URL}").out == "a table\n"
    assert cluster.arguments() == [command]


def test_command_that_never_ran_says_why(sweep: Terminal, cluster: Cluster) -> None:
    cluster.code, cluster.ends = None, JobStatus.FAILED
    done = sweep("list", "--address", URL)
    assert (done.code, done.err) == (2, "the command did not run on the cluster: it was too big\n")


def test_what_is_typed_never_reaches_a_shell(sweep: Terminal, cluster: Cluster) -> None:
    sweep("status", "x; rm -rf /", "--address", URL)
    assert cluster.sent[0]["entrypoint"] == "python -m sweep"
    assert cluster.arguments() == [["status", "x; rm -rf /"]]


def test_submit_ships_the_spec_alone_and_returns_its_name(
    sweep: Terminal, cluster: Cluster, tmp_path: Path
) -> None:
    spec = submittable(tmp_path)
    (tmp_path / ".env").write_text("SECRET=1")
    cluster.ends = JobStatus.RUNNING
    done = sweep("submit", "tiny.yaml", "--address", URL, "--set", "search.seeds=[0, 1]", "--owner", "ada")
    assert (done.code, done.out) == (0, "tiny\n"), done.err
    assert cluster.arguments() == [["run", "tiny.yaml", "--set", "search.seeds=[0, 1]"]]
    assert cluster.files == [{"tiny.yaml": spec.read_text()}]
    assert cluster.sent[0]["runtime_env"]["env_vars"]["SEGSWEEP_OWNER"] == "ada"


def test_submit_ships_the_module_of_an_own_trainable_and_nothing_beside_it(
    sweep: Terminal, cluster: Cluster, tmp_path: Path
) -> None:
    package = tmp_path / "mine"
    (package / "__pycache__").mkdir(parents=True)
    for name, text in (("__init__.py", "import none"), ("nets.py", "x = 1"), (".env", "SECRET=1")):
        (package / name).write_text(text)
    (package / "__pycache__" / "nets.pyc").write_text("")
    (tmp_path / "other.py").write_text("")
    submittable(tmp_path, trainable="mine.nets:train", model={})
    cluster.ends = JobStatus.RUNNING
    done = sweep("submit", "tiny.yaml", "--address", URL)
    assert done.code == 0, done.err
    assert "the package 'mine' goes with it: 2 files" in done.err
    assert sorted(cluster.files[0]) == ["mine/__init__.py", "mine/nets.py", "tiny.yaml"]


def test_module_that_is_not_here_or_too_large(
    sweep: Terminal, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submittable(tmp_path, trainable="mine:train", model={})
    cluster.ends = JobStatus.RUNNING
    assert "the module 'mine' is not in" in sweep("submit", "tiny.yaml", "--address", URL, "--name", "a").err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").write_text("x" * 100)
    monkeypatch.setattr("sweep.commands.shipping._MOST_BYTES", 10)
    large = sweep("submit", "tiny.yaml", "--address", URL, "--name", "b")
    assert large.code == 2
    assert "Keep data and checkpoints elsewhere" in large.err


def test_second_submit_of_a_name_says_so(sweep: Terminal, cluster: Cluster, tmp_path: Path) -> None:
    submittable(tmp_path)
    cluster.ends = JobStatus.RUNNING
    assert sweep("submit", "tiny.yaml", "--address", URL, "--owner", "ada").code == 0
    again = sweep("submit", "tiny.yaml", "--address", URL)
    assert again.code == 2
    assert again.err.startswith("the sweep 'tiny' is running on this cluster already, started by ada at ")
    assert sweep("submit", "tiny.yaml", "--address", URL, "--name", "other").out == "other\n"
    assert cluster.arguments()[-1] == ["run", "tiny.yaml", "--name", "other"]
    resumed = sweep("resume", "tiny", "--address", URL)
    assert resumed.code == 2
    assert "is running on this cluster already" in resumed.err


def test_sweep_that_has_run_is_resumed_and_one_with_a_faulty_spec_submitted_again(
    sweep: Terminal, cluster: Cluster, tmp_path: Path
) -> None:
    submittable(tmp_path)
    cluster.code, cluster.ends = 2, JobStatus.FAILED
    assert sweep("submit", "tiny.yaml", "--address", URL).code == 0
    cluster.code = 130
    assert sweep("submit", "tiny.yaml", "--address", URL).code == 0, "the spec was mended"
    again = sweep("submit", "tiny.yaml", "--address", URL)
    assert again.code == 2
    assert f"`sweep resume tiny --address {URL}` goes on with it" in again.err
    assert sweep("resume", "tiny", "--address", URL, "--set", "budget.hours=9").out == "tiny\n"
    assert cluster.arguments()[-1] == ["resume", "tiny", "--set", "budget.hours=9"]
    assert list(cluster.jobs) == ["sweep-tiny-1", "sweep-tiny-2", "sweep-tiny-3"]


def test_faults_of_a_spec_are_said_before_anything_is_sent(
    sweep: Terminal, cluster: Cluster, tmp_path: Path
) -> None:
    write_spec(tmp_path / "bad.yaml", tiny_spec(Path("sweeps"), data={"root": "camvid", "real": {}}))
    done = sweep("submit", "bad.yaml", "--address", URL)
    assert done.code == 2
    assert "bad.yaml" in done.err
    assert cluster.sent == []
    submittable(tmp_path)
    done = sweep(
        "submit", "tiny.yaml", "--address", URL, "--set", "storage.path=here", "--set", "data.root=there"
    )
    assert [line.partition(": ")[2] for line in done.err.splitlines()] == [
        "data.root is 'there'; on a cluster it must be a path from / on, as all nodes see it",
        "storage.path is 'here'; on a cluster it must be a path from / on, as all nodes see it",
    ]


def test_extension_is_submitted_while_its_sweep_does_not_run(
    sweep: Terminal, cluster: Cluster, tmp_path: Path
) -> None:
    (tmp_path / "more.yaml").write_text("extends: tiny\ntrials: [{real_ratio: 0.2}]\n")
    assert sweep("submit", "more.yaml", "--address", URL).out == "tiny\n"
    cluster.ends = JobStatus.RUNNING
    assert sweep("submit", "more.yaml", "--address", URL).code == 0
    assert sweep("submit", "more.yaml", "--address", URL).code == 2
    assert "--name" in sweep("submit", "more.yaml", "--address", URL, "--name", "x").err


def test_logs_are_those_of_the_last_job(sweep: Terminal, cluster: Cluster, tmp_path: Path) -> None:
    submittable(tmp_path)
    unknown = sweep("logs", "tiny", "--address", URL)
    assert unknown.code == 2
    assert "no job of a sweep 'tiny' on this cluster; it knows jobs of: none" in unknown.err
    sweep("submit", "tiny.yaml", "--address", URL)
    assert sweep("logs", "tiny", "--address", URL).out == "a table\n", "without Ray's own lines"
    assert sweep("logs", "tiny", "--address", URL, "--follow").out == "one\ntwo\n"
    sweep("logs", "tiny", "--address", URL, "--trial", "t001")
    assert cluster.arguments()[-1] == ["logs", "tiny", "--trial", "t001"]


def test_cluster_that_does_not_know_our_token(monkeypatch: pytest.MonkeyPatch, cluster: Cluster) -> None:
    def refuse(address: str) -> None:
        raise ray.exceptions.AuthenticationError("Forbidden")

    monkeypatch.setattr(jobs_module, "JobSubmissionClient", refuse)
    with pytest.raises(ClusterError, match=r"asks for a token, .* ~/.ray/auth_token"):
        Jobs(URL, "me")


def test_two_who_start_a_sweep_in_the_same_moment(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Jobs(URL, "ada"), Jobs(URL, "bob")
    monkeypatch.setattr(cluster, "list_jobs", lambda: [])
    one.start("tiny", ["run", "tiny.yaml"])
    with pytest.raises(NameInUseError, match="somebody else is just starting 'tiny'"):
        other.start("tiny", ["run", "tiny.yaml"])
    with pytest.raises(SweepNotFoundError):
        other.log("tiny")


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        (
            "http://127.0.0.1:9",
            "nothing answers at http://127.0.0.1:9: Connection refused. `ray attach -p 8265",
        ),
        ("127.0.0.1:8265", "the address '127.0.0.1:8265' wants the form http://127.0.0.1:8265"),
        ("http://", "the address 'http://' wants the form"),
        ("http://host:port", "the address 'http://host:port' wants the form"),
    ],
)
def test_address_where_no_dashboard_is(address: str, fault: str, sweep: Terminal) -> None:
    done = sweep("list", "--address", address)
    assert done.code == 2
    assert done.err.startswith(fault)


def test_run_sends_who_has_a_dashboard_to_submit(sweep: Terminal, tmp_path: Path) -> None:
    write_spec(tmp_path / "tiny.yaml", tiny_spec(tmp_path / "sweeps"))
    done = sweep("run", "tiny.yaml", "--address", URL)
    assert done.code == 2
    assert f"`sweep submit SPEC --address {URL}`" in done.err
    assert not (tmp_path / "sweeps" / "tiny").exists(), "the name stays free"


def test_address_is_taken_out_of_a_command_line() -> None:
    assert without_address(["status", "x", "--address", "u", "-v"]) == ["status", "x", "-v"]
    assert without_address(["status", "--address=u", "x"]) == ["status", "x"]
    assert without_address(["--set", "a=--address"]) == ["--set", "a=--address"]


def test_job_takes_its_arguments_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["sweep"])
    take_arguments()
    for key, value in environment_of(["list", "--storage", str(tmp_path / "a b")], "ada").items():
        monkeypatch.setenv(key, value)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"no sweeps in {tmp_path / 'a b'}\n"
    assert os.environ["SEGSWEEP_OWNER"] == "ada"


def test_job_without_a_storage_does_not_train_into_a_folder_that_ray_deletes(
    sweep: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    submittable(tmp_path)
    must_outlast_job(Path("sweeps"))
    for key, value in environment_of(["run", "tiny.yaml"], "ada").items():
        monkeypatch.setenv(key, value)
    assert is_job()
    done = sweep()
    assert done.code == 2
    assert done.err.startswith(
        "no storage is named, neither by storage.path of the spec nor by SEGSWEEP_STORAGE"
    )
    must_outlast_job(Path("/mnt/segsweep/sweeps"))
