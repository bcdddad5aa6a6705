"""The bed: hosts with a real systemd and a real sshd on this machine, for tests of the cluster."""

from support.bed.bed import Bed
from support.bed.hosts import HostSpec
from support.bed.needs import why_not

__all__ = ["Bed", "HostSpec", "why_not"]
