"""The bed: a controller and hosts in a network of their own, for a block."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Self

import yaml

from support.bed.ground import run, standing_ground
from support.bed.hosts import Host
from support.bed.network import CONTROLLER, CONTROLLER_ADDRESS, Network, address
from support.bed.suites import USER, cached_suite
from support.bed.wheels import cached_wheels
from support.files import write_program
from support.waiting import HANG_SECONDS, until

PORT = 8000
SERVED = f"http://{CONTROLLER_ADDRESS}:{PORT}"
"""Where hosts find the bed's packages and wheels."""

_AS_CONTROLLER = """\
# usage: as-controller COMMAND...   runs it in the network of the bed's controller
exec nsenter --net={network} -- unshare --mount -- sh -euc '
view=$(mktemp -d) # the machine'"'"'s interfaces are replaced by the controller'"'"'s
mount -t sysfs sysfs "$view"
mount --bind "$view/class/net" /sys/class/net
mount --bind "$view/devices/virtual/net" /sys/devices/virtual/net
umount --lazy "$view"
rmdir "$view"
exec "$@"' sh "$@"
"""
_SSH_CONFIG = """\
Host *
  User {user}
  IdentityFile {directory}/key
  IdentitiesOnly yes
  UserKnownHostsFile {directory}/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
"""


class Bed:
    """Hosts that are up, each with ssh, while its block lasts; nothing of them is left after it."""

    def __init__(self, hosts):
        self.specs = tuple(hosts)
        self.hosts: dict[str, Host] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._make(stack)
            self._leaving = stack.pop_all()
        return self

    def __exit__(self, *what):
        return self._leaving.__exit__(*what)

    def __getitem__(self, name) -> Host:
        return self.hosts[name]

    @property
    def known_hosts(self):
        """The file of the hosts' keys, by address and by name."""
        return self.directory / "known_hosts"

    @property
    def key(self):
        """The file of the private key by which the hosts let the controller in."""
        return self.directory / "key"

    @property
    def ssh_config(self):
        """A configuration by which ssh reaches the hosts by name."""
        return self.directory / "ssh_config"

    def controller(self, *argv):
        """Return the argv that runs another one as the controller: in its network, with its links."""
        return [str(self.directory / "as-controller"), *map(str, argv)]

    def run(self, *argv, check=True, **more):
        """Run a program as the controller, and return what subprocess.run does."""
        more = {"capture_output": True, "text": True, "timeout": HANG_SECONDS} | more
        done = subprocess.run(self.controller(*argv), check=False, **more)
        if check and done.returncode:
            raise RuntimeError(
                f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        return done

    def ssh(self, host, *argv, **more):
        """Run a command on a host as its user, through ssh."""
        return self.run("ssh", "-F", self.ssh_config, host, *argv, **more)

    def inventory(self, groups, *, path=None, host_variables=None, variables=None):
        """Write an Ansible inventory of groups, which are lists of hosts by name; return its path.

        A host that is none of the bed's, as a controller that is a host, has its host_variables.
        """
        hosts = {name: {"ansible_host": host.address} for name, host in self.hosts.items()}
        for name, more in (host_variables or {}).items():
            hosts[name] = hosts.get(name, {}) | more
        named = {name for members in groups.values() for name in members}
        text = yaml.safe_dump(
            {
                "all": {
                    "hosts": {name: hosts[name] for name in sorted(named)},
                    "vars": self.variables | (variables or {}),
                    "children": {
                        group: {"hosts": {name: {} for name in members}}
                        for group, members in groups.items()
                    },
                }
            },
            sort_keys=False,
        )
        file = path or self.directory / "inventory.yml"
        file.write_text(text)
        return file

    @property
    def variables(self):
        """The variables by which Ansible reaches every host."""
        return {
            "ansible_user": USER,
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.known_hosts} "
            "-o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes",
            "ansible_python_interpreter": "/usr/bin/python3",
        }

    def start(self, *names):
        """Switch hosts on, and return when each lets the controller in."""
        hosts = [self.hosts[name] for name in names]
        for host in hosts:
            host.start()
        self.await_ssh(*names)

    def await_ssh(self, *names):
        """Return when each of these hosts lets the controller in."""
        for name in names:
            host = self.hosts[name]
            until(
                lambda name=name: not self.ssh(name, "true", check=False).returncode,
                lambda host=host: f"ssh on {host.name}; its console:\n{host.console.read_text()}",
            )

    def _make(self, stack):
        names = sorted({spec.suite for spec in self.specs})
        with ThreadPoolExecutor() as threads:
            wheels = threads.submit(cached_wheels)
            suites = dict(zip(names, threads.map(cached_suite, names), strict=True))
        self.ground = stack.enter_context(standing_ground())
        self.directory = self.ground.directory
        self.network = Network(ground=self.ground)
        self.hosts = {
            spec.name: Host(
                spec=spec,
                address=address(number),
                ground=self.ground,
                network=self.network,
                suite=suites[spec.suite],
            )
            for number, spec in enumerate(self.specs)
        }
        self.network.make(
            {host.name: (host.address, host.spec.rate) for host in self.hosts.values()}
        )
        self._write_controller()
        stack.enter_context(self._served(wheels.result(), suites))
        for host in self.hosts.values():
            host.prepare(self._files(host))
        self.known_hosts.write_text(
            "".join(
                f"{host.address},{host.name} {host.public_key}\n" for host in self.hosts.values()
            )
        )
        self.start(*self.hosts)

    def _write_controller(self):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", CONTROLLER, "-f", self.key)
        write_program(
            self.directory,
            "as-controller",
            _AS_CONTROLLER.format(network=self.ground.network(CONTROLLER)),
        )
        names = "".join(
            f"Host {host.name}\n  HostName {host.address}\n" for host in self.hosts.values()
        )
        self.ssh_config.write_text(names + _SSH_CONFIG.format(user=USER, directory=self.directory))

    def _files(self, host):
        """Return the files in which a host differs from its base tree: text and mode by path."""
        others = "".join(f"{host.address} {host.name}\n" for host in self.hosts.values())
        source = f"deb [trusted=yes] {SERVED}/packages/{host.spec.suite} ./\n"
        files = {
            "etc/hostname": (f"{host.name}\n", 0o644),
            "etc/hosts": (f"127.0.0.1 localhost\n127.0.1.1 {host.name}\n{others}", 0o644),
            "etc/machine-id": ("", 0o444),
            "etc/apt/sources.list": (source, 0o644),
            f"home/{USER}/.ssh/authorized_keys": (self.key.with_suffix(".pub").read_text(), 0o600),
        }
        if host.spec.index:
            pip = f"no-index = true\nfind-links = {SERVED}/wheels\ntrusted-host = {CONTROLLER_ADDRESS}\n"
            files["etc/pip.conf"] = (f"[global]\n{pip}", 0o644)
        return files

    @contextlib.contextmanager
    def _served(self, wheels, suites):
        """Serve packages and wheels at the controller's address while the block lasts."""
        served = self.directory / "served"
        (served / "packages").mkdir(parents=True)
        (served / "wheels").symlink_to(wheels)
        for name, suite in suites.items():
            (served / "packages" / name).symlink_to(suite.packages)
        argv = (sys.executable, "-I", "-m", "http.server", "--bind", CONTROLLER_ADDRESS)
        with (
            (self.directory / "server.log").open("wb") as log,
            subprocess.Popen(
                [
                    *self.ground.entering,
                    *("ip", "netns", "exec", CONTROLLER),
                    *(*argv, "--directory", str(served), str(PORT)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            ) as server,
        ):
            try:
                yield
            finally:
                server.kill()
