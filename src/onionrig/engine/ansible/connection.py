"""The live connection to one host: commands, forwarded sockets, and notice of its end.

OpenSSH multiplexes everything over one connection, the master; this machine itself needs none, and
commands run directly. By default sshd allows ten sessions per connection, so a run keeps one for
following records and uses others only briefly; forwards are not sessions.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self

import msgspec

from onionrig.engine.local.engine import address_text, make_private
from onionrig.errors import HostLost, Unequipped
from onionrig.processes.deadline import POLL_SECONDS
from onionrig.processes.owned import OwnedProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from onionrig.engine.ansible.access import Access
    from onionrig.engine.local.engine import ListenAddress
    from onionrig.processes.workspace import Kept

COMMAND_SECONDS = 60.0
"""Default time limit of a command."""
SSH_FAILED = 255
"""ssh's exit code if it failed itself, rather than the command (ssh(1))."""
OPEN_SECONDS = 20.0
FORWARD_SECONDS = 10.0
SSH_SOCKET = "ssh/01234567.0123456789abcdef"
"""The longest path of an ssh socket below a workspace: a master's, which has 17 more characters
until it is in place (OpenSSH: mux.c)."""
PIPE_BYTES = 1 << 20
"""Bytes of a command's output that are read ahead."""


class CommandOutput(msgspec.Struct, frozen=True, kw_only=True):
    """The output of a command, and its exit code."""

    code: int
    stdout: bytes
    stderr: str


class CommandFailed(Exception):
    """A command on a host ended with an exit code other than 0."""

    def __init__(self, host: str, output: CommandOutput) -> None:
        super().__init__(f"{host}: {output.stderr or f'exit code {output.code}'}")
        self.output = output


class SshConnection:
    """An open connection, made by ``Masters``."""

    def __init__(self, access: Access, sockets: Path, environment: Mapping[str, str]) -> None:
        """Set up the connection; ``sockets`` is a directory for the sockets that it makes."""
        self.access = access
        self._master = sockets / hashlib.sha256(access.name.encode()).hexdigest()[:8]
        self._sockets = sockets
        self._environment = dict(environment)
        self._forwarded: dict[str, Path] = {}
        self._forwarding = asyncio.Lock()

    @property
    def host(self) -> str:
        """The host's name."""
        return self.access.name

    async def run(
        self,
        argv: Iterable[str],
        *,
        stdin: bytes = b"",
        seconds: float = COMMAND_SECONDS,
        as_root: bool = True,
    ) -> bytes:
        """Run a command and return what it printed.

        Raises CommandFailed for an exit code other than 0, HostLost if there is no answer.
        """
        output = await self.output(argv, stdin=stdin, seconds=seconds, as_root=as_root)
        if output.code:
            raise CommandFailed(self.host, output)
        return output.stdout

    async def output(
        self,
        argv: Iterable[str],
        *,
        stdin: bytes = b"",
        seconds: float = COMMAND_SECONDS,
        as_root: bool = True,
    ) -> CommandOutput:
        """Run a command and return its outcome. Raises HostLost if there is no answer."""
        process = await self._started(argv, stdin=subprocess.PIPE, as_root=as_root)
        try:
            async with asyncio.timeout(seconds):
                stdout, stderr = await process.communicate(stdin)
        except TimeoutError:
            raise HostLost(
                f"{self.host} did not answer within {seconds:.0f} s to: {' '.join(argv)[:200]}"
            ) from None
        finally:
            await _ended(process)
        text = stderr.decode(errors="replace").strip()
        if process.returncode == SSH_FAILED and not self.access.is_here:
            raise HostLost(f"{self.host} cannot be reached: {text or 'ssh ended without a word'}")
        return CommandOutput(code=process.returncode or 0, stdout=stdout, stderr=text)

    async def script(self, text: str, *, seconds: float = COMMAND_SECONDS) -> bytes:
        """Run a shell script as root and return what it printed; raises as ``run`` does."""
        return await self.run(("sh", "-eu", "-s"), stdin=text.encode(), seconds=seconds)

    @asynccontextmanager
    async def running(self, argv: Iterable[str]) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run a command on the host for a block; its output is a pipe."""
        process = await self._started(argv, stdin=subprocess.DEVNULL, as_root=True)
        try:
            yield process
        finally:
            await _ended(process)

    async def forwarded(self, address: ListenAddress) -> ListenAddress:
        """Return the local address from which connections are forwarded to an address of the host.

        Raises OSError if they cannot be forwarded.
        """
        if self.access.is_here:
            return address
        text = address_text(address)
        async with self._forwarding:
            if text not in self._forwarded:
                self._forwarded[text] = await self._forward(text)
        return PurePosixPath(self._forwarded[text])

    async def open(
        self, address: ListenAddress
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to an address as a process of the host would. Raises OSError."""
        local_address = await self.forwarded(address)
        if isinstance(local_address, PurePosixPath):
            return await asyncio.open_unix_connection(str(local_address))
        return await asyncio.open_connection(*local_address)

    def master_argv(self) -> tuple[str, ...] | None:
        """Return the command line of the master, or None if none is needed."""
        if self.access.destination is None:
            return None
        return (
            *self.access.ssh(
                "-N", "-M", "-o", f"ControlPath={self._master}", "-o", "ControlPersist=no",
                "-o", "StreamLocalBindUnlink=yes", "-o", "StreamLocalBindMask=0177",
            ),
            "--",
            self.access.destination,
        )  # fmt: skip

    async def stands(self) -> bool:
        """Return whether the master has connected."""
        if self.access.destination is None:
            return True
        return self._master.exists() and await self._control_master("check") is None

    async def _forward(self, text: str) -> Path:
        local_path = self._sockets / hashlib.sha256(f"{self.host} {text}".encode()).hexdigest()[:16]
        refusal = await self._control_master("forward", "-L", f"{local_path}:{text}")
        if refusal is not None:
            raise OSError(f"{self.host}: {text} cannot be forwarded: {refusal}")
        return local_path

    async def _control_master(self, command: str, *options: str) -> str | None:
        """Send the master a control command; return its answer if it refuses, or None."""
        argv = (
            # a configuration's own forwards would be asked for as well
            "ssh", "-F", "none", "-o", f"ControlPath={self._master}", "-O", command, *options, "--",
            str(self.access.destination),
        )  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(FORWARD_SECONDS):
                printed, _ = await process.communicate()
        except TimeoutError:
            return "ssh did not answer"
        finally:
            await _ended(process)
        return None if process.returncode == 0 else printed.decode(errors="replace").strip()

    async def _started(
        self, argv: Iterable[str], *, stdin: int, as_root: bool
    ) -> asyncio.subprocess.Process:
        command = self.access.as_root(argv) if as_root else tuple(argv)
        return await asyncio.create_subprocess_exec(
            *self.access.through(self._master, command),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
            limit=PIPE_BYTES,
        )


class Masters:
    """The ssh connections of a run, each a child of this process; leaving the block ends all."""

    def __init__(self, keeping: Kept, logs: Path) -> None:
        self._keeping = keeping
        self._logs = logs
        self._processes: dict[str, OwnedProcess] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        for process in self._processes.values():
            process.kill()

    async def connect(self, access: Access) -> SshConnection:
        """Return a connection to a host. Raises Unequipped if it cannot be made."""
        sockets = self._keeping.workspace / "ssh"
        make_private(sockets)
        connection = SshConnection(access, sockets, self._keeping.environment)
        argv = connection.master_argv()
        if argv is None:
            return connection
        if access.name in self._processes:
            self._processes[access.name].kill()
        log = self._logs / f"ssh-{access.name}.log"
        log.touch(mode=0o600)
        with log.open("ab") as out:
            process = OwnedProcess(
                argv, out=out, err=out, directory="/", environment=self._keeping.environment
            )
        self._keeping.guard(process.pid)
        self._processes[access.name] = process
        standing = asyncio.ensure_future(_until_it_stands(connection))
        ended = asyncio.ensure_future(process.ended())
        try:
            await asyncio.wait({standing, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not standing.done():
                printed = (
                    log.read_text(encoding="utf-8", errors="replace").strip()
                    or "ssh ended without a word"
                )
                raise Unequipped(f"{access.name} cannot be reached: {printed}")
            await standing
        finally:
            standing.cancel()
            ended.cancel()
        return connection


async def _until_it_stands(connection: SshConnection) -> None:
    """Wait until a master has connected. Raises Unequipped if it takes too long."""
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            while not await connection.stands():  # noqa: ASYNC110 - only ssh can say
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise Unequipped(
            f"{connection.host}: no connection after {OPEN_SECONDS:.0f} s; try "
            f"{connection.access.by_hand()}true"
        ) from None


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End a child if it is still running, and reap it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())
