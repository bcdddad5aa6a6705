"""The keeper and the fleet, with real children that are stubborn, stopped, or already dead."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from onionrig.errors import DaemonDied, RunDirectoryError
from onionrig.processes.fleet import GRACE_SECONDS, Fleet, ProcessToStart
from onionrig.processes.owned import OwnedProcess, _ending_with_us, _setpriv
from onionrig.processes.workspace import kept
from support.processes.children import (
    IDLE,
    STUBBORN,
    child,
    processes_with,
    python_child,
)
from support.waiting import HANG_SECONDS, eventually, over

pytestmark = pytest.mark.process

TREE = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'], start_new_session=True); print('up', flush=True); time.sleep(3600)"
PARENT = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)']); print('up', flush=True); time.sleep(3600)"
SHORT_LIVED_PARENT = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)']); sys.exit(3)"


def owned(tmp_path, code):
    """Start a child whose output is in ``out``, and that carries the test's own mark."""
    with (tmp_path / "out").open("wb") as out:
        return OwnedProcess(
            [sys.executable, "-c", code],
            out=out,
            err=out,
            directory=tmp_path,
            environment={**os.environ, "ONIONRIG_RUN": str(tmp_path)},
        )


async def up(started):
    await eventually(lambda: "up" in Path(started.log_path).read_text(), f"{started.name} to be up")


def marked(mark):
    return processes_with("ONIONRIG_RUN", mark)


async def test_what_a_child_has_forked_ends_with_it(tmp_path):
    process = owned(tmp_path, SHORT_LIVED_PARENT)
    assert await process.ended() == 3
    await eventually(
        lambda: all(over(process_left) for process_left in marked(str(tmp_path))), "its child's end"
    )
    assert not psutil.pid_exists(process.pid)
    assert process.kill() == 3


async def test_a_child_that_is_killed_takes_what_it_has_forked_along(tmp_path):
    process = owned(tmp_path, PARENT)
    await eventually(lambda: "up" in (tmp_path / "out").read_text(), "it to be up")
    family = marked(str(tmp_path))
    assert len(family) == 2
    assert process.kill() == -signal.SIGKILL == await process.ended()
    assert not process.running
    assert not psutil.pid_exists(process.pid)
    await eventually(lambda: all(over(process_left) for process_left in family), "its child's end")


async def test_leaving_the_fleet_reaps_every_child(tmp_path):
    async with Fleet(os.environ) as fleet:
        children = [python_child(tmp_path, IDLE, name=f"child-{n}") for n in range(5)]
        pids = [fleet.start(child).pid for child in children]
        for child in children:
            await up(child)
        assert len(fleet.processes()) == 5
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_stop_kills_a_child_that_ignores_sigterm_once_the_grace_is_over(tmp_path):
    stubborn = python_child(tmp_path, STUBBORN)
    async with Fleet(os.environ) as fleet:
        process = fleet.start(stubborn)
        await up(stubborn)
        began = time.monotonic()
    assert not psutil.pid_exists(process.pid)
    assert await process.ended() == -signal.SIGKILL
    assert time.monotonic() - began >= GRACE_SECONDS


async def test_stop_ends_a_child_that_is_stopped(tmp_path):
    stopped = python_child(tmp_path, IDLE)
    async with Fleet(os.environ) as fleet:
        process = fleet.start(stopped)
        await up(stopped)
        process.signal(signal.SIGSTOP)
    assert not psutil.pid_exists(process.pid)


async def test_an_unexpected_death_ends_the_block_and_names_the_child(tmp_path):
    dying = python_child(
        tmp_path, "import sys; print('the last word'); sys.exit(3)", name="relay-7"
    )
    with pytest.raises(DaemonDied) as caught:
        async with Fleet(os.environ) as fleet:
            fleet.start(dying)
            await asyncio.Event().wait()
    message = str(caught.value)
    assert "relay-7 ended with exit code 3" in message
    assert "the last word" in message
    assert str(dying.log_path) in message


async def test_the_error_for_a_killed_child_names_the_signal(tmp_path):
    killed = python_child(tmp_path, IDLE)
    with pytest.raises(DaemonDied, match="was killed by SIGKILL"):
        async with Fleet(os.environ) as fleet:
            fleet.start(killed).signal(signal.SIGKILL)
            await asyncio.Event().wait()


async def test_a_sink_that_meets_a_full_disk_is_that_error(tmp_path):
    code = "import sys; print('error: sink.jsonl: the disk is full'); sys.exit(8)"
    with pytest.raises(RunDirectoryError, match=r"^sink.jsonl: the disk is full"):
        async with Fleet(os.environ) as fleet:
            fleet.start(python_child(tmp_path, code, ours=True))
            await asyncio.Event().wait()


async def test_an_end_that_is_waited_for_is_not_an_error(tmp_path):
    # the evidence: the fleet raises DaemonDied in its block where an end was not expected
    async with Fleet(os.environ) as fleet:
        ending = python_child(tmp_path, "pass")
        fleet.start(ending)
        await fleet.finished(ending.name)


async def test_a_program_that_is_not_there_cannot_be_started(tmp_path):
    missing = ProcessToStart(
        name="x", argv=("/nonexistent/tor",), directory=tmp_path, log_path=tmp_path / "x.log"
    )
    with pytest.raises(DaemonDied, match="/nonexistent/tor"):
        async with Fleet(os.environ) as fleet:
            fleet.start(missing)


TITLED = "import sys, setproctitle, time; setproctitle.setproctitle(sys.argv[1]); print('up', flush=True); time.sleep(3600)"


async def test_an_ssh_that_shares_a_connection_of_the_workspace_ends_with_it():
    # such a process has written its title over its environment, mark and all
    titles = []
    async with kept() as keeping:
        own_title = f"ssh: {keeping.workspace}/ssh/1 [mux]"
        for title in (own_title, f"ssh: {keeping.workspace}0/ssh/1 [mux]"):
            started = subprocess.Popen(
                [sys.executable, "-c", TITLED, title], stdout=subprocess.PIPE, text=True
            )
            assert started.stdout.readline() == "up\n"
            titles.append(started)
    ours, others = titles
    try:
        assert ours.wait(HANG_SECONDS) == -signal.SIGKILL
        assert others.poll() is None
    finally:
        others.kill()
        for process_left in titles:
            process_left.communicate()


async def test_an_error_in_the_block_is_not_hidden_by_cleaning_up(tmp_path):
    with pytest.raises(ZeroDivisionError):
        async with Fleet(os.environ) as fleet:
            fleet.start(python_child(tmp_path, STUBBORN))
            raise ZeroDivisionError


async def test_a_workspace_is_private_and_gone_afterwards():
    async with kept() as keeping:
        assert keeping.workspace.stat().st_mode & 0o777 == 0o700
        (keeping.workspace / "key").touch()
        keeper = psutil.Process(keeping.keeper_pid)
        assert keeper.is_running()
    assert not keeping.workspace.exists()
    assert not psutil.pid_exists(keeping.keeper_pid)


CONTROLLER = """
import asyncio, json, os, subprocess, sys
from onionrig.processes.workspace import kept

async def main():
    async with kept(finish=[sys.executable, "-c", "open(" + repr(sys.argv[1]) + ", 'w').close()"]) as keeping:
        children = [
            subprocess.Popen([sys.executable, "-c", code], env=keeping.environment, start_new_session=True, stdout=subprocess.DEVNULL).pid
            for code in json.loads(sys.argv[2])
        ]
        print(json.dumps({"workspace": str(keeping.workspace), "children": children,
                          "mark": keeping.environment["ONIONRIG_RUN"], "keeper": keeping.keeper_pid}), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def controller(tmp_path):
    """A controller with stubborn children, and what it has told of itself."""
    finished = tmp_path / "finished"
    children = json.dumps([STUBBORN, IDLE, TREE])
    argv = (sys.executable, "-c", CONTROLLER, str(finished), children)
    # the keeper does the rest; that it does is what the tests are about
    with child(*argv, stdout=subprocess.PIPE, text=True) as process:
        report = json.loads(process.stdout.readline())
        yield process, report, finished


async def test_a_killed_controller_leaves_nothing_behind(controller):
    # the evidence: eventually() fails if a process, the workspace or the keeper stays
    process, report, finished = controller
    await eventually(
        lambda: len(marked(report["mark"])) == 4, "three children and a grandchild to be there"
    )
    process.kill()
    await eventually(
        lambda: not marked(report["mark"]) and not Path(report["workspace"]).exists(),
        lambda: f"{marked(report['mark'])} and the workspace to be gone",
    )
    await eventually(
        lambda: finished.exists() and not psutil.pid_exists(report["keeper"]),
        "the keeper to finish the run and end",
    )


async def test_the_keeper_ends_guarded_processes_even_without_the_mark(tmp_path):
    pid_file = tmp_path / "told"
    code = (
        "import asyncio, subprocess, sys\n"
        "from onionrig.processes.workspace import kept\n"
        "async def main():\n"
        "    async with kept(finish=['true']) as keeping:\n"
        "        child = subprocess.Popen([sys.executable, '-c', sys.argv[2]], start_new_session=True)\n"
        "        keeping.guard(child.pid)\n"
        "        open(sys.argv[1], 'w').write(f'{child.pid}\\n')\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    argv = (sys.executable, "-c", code, str(pid_file), IDLE)
    with child(*argv, stdout=subprocess.DEVNULL) as process:
        await eventually(
            lambda: pid_file.exists() and pid_file.read_text().endswith("\n"),
            "the child's process id",
        )
        guarded = psutil.Process(int(pid_file.read_text()))
        assert not over(guarded)
        process.kill()
        await eventually(lambda: over(guarded), "the keeper to end the child")


FLEET = """
import asyncio, json, os, sys
from pathlib import Path
from onionrig.processes.fleet import Fleet, ProcessToStart
from onionrig.processes.workspace import kept

async def main():
    async with kept() as keeping, Fleet(keeping.environment, keeping.guard) as fleet:
        pids = [
            fleet.start(ProcessToStart(name=name, argv=(sys.executable, "-c", code), directory=Path(), log_path=Path(name))).pid
            for name, code in json.loads(sys.argv[1]).items()
        ]
        print(json.dumps({"workspace": str(keeping.workspace), "keeper": keeping.keeper_pid, "children": pids}), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.skipif(not _setpriv(), reason="no setpriv that knows --pdeathsig")
async def test_children_end_with_a_controller_that_is_killed_together_with_its_keeper(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    argv = (sys.executable, "-c", FLEET, json.dumps({"stubborn": STUBBORN, "idle": IDLE}))
    with child(*argv, stdout=subprocess.PIPE, text=True) as process:
        report = json.loads(process.stdout.readline())
        await eventually(
            lambda: all("up" in Path(name).read_text() for name in ("stubborn", "idle")),
            "both children to be up",
        )
        keeper = psutil.Process(report["keeper"])
        children = [psutil.Process(pid) for pid in report["children"]]
        for pid in (keeper.pid, process.pid):
            os.kill(pid, signal.SIGSTOP)
        for pid in (keeper.pid, process.pid):
            os.kill(pid, signal.SIGKILL)
        await eventually(lambda: over(keeper) and all(map(over, children)), "all of them to end")
    shutil.rmtree(report["workspace"])


def test_a_missing_program_is_started_unchanged_so_that_the_system_reports_it():
    assert _ending_with_us("/nonexistent/tor", os.environ) == ()
    assert _ending_with_us(sys.executable, os.environ) == _setpriv()


def test_only_the_main_thread_starts_programs_that_end_with_it():
    # the kernel takes the thread that forks for the parent
    with ThreadPoolExecutor() as pool:
        assert pool.submit(_ending_with_us, sys.executable, os.environ).result() == ()


async def test_the_keeper_ignores_signals_of_the_terminal(controller):
    # the evidence: a keeper that had ended would leave the run's processes alone
    process, report, _ = controller
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(report["keeper"], number)
    process.kill()
    await eventually(lambda: not marked(report["mark"]), "the keeper to end the run's processes")


async def test_the_keeper_spares_processes_of_other_runs(controller):
    process, report, _ = controller
    environment = {**os.environ, "ONIONRIG_RUN": "another"}
    argv = (sys.executable, "-c", IDLE)
    with child(*argv, env=environment, stdout=subprocess.DEVNULL) as bystander:
        process.kill()
        await eventually(lambda: not Path(report["workspace"]).exists(), "the keeper to clear up")
        assert bystander.poll() is None
