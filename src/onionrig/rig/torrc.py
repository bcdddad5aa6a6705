"""The torrc of each role. Every line that is not a default has its reason in docs/method.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.rig.allocation import ECHO_PORT, ONION_PORT
from onionrig.rig.layout import LOOPBACK
from onionrig.rig.quoting import torrc_path, torrc_socket

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePosixPath

    from onionrig.experiment.schema import Backends, Network
    from onionrig.rig.allocation import Allocation, Identities
    from onionrig.rig.layout import Layout

DEFAULT_INTRODUCTION_POINTS = 3
"""tor's own (tor manual: HiddenServiceNumIntroductionPoints)."""
VOTING_INTERVAL_SECONDS = 20
"""Onionbalance's testnet mode takes it for granted (onionbalance 0.2.4: hs_v3/consensus.py)."""
VOTE_DELAY_SECONDS = DISTRIBUTION_DELAY_SECONDS = 4
INITIAL_VOTING_INTERVAL_SECONDS = 5
INITIAL_VOTE_DELAY_SECONDS = INITIAL_DISTRIBUTION_DELAY_SECONDS = 2
BANDWIDTH_KB_PER_SECOND = 100_000
"""Of every relay alike; only their proportions matter."""
KEPT_CONSENSUS_SECONDS = 3 * VOTING_INTERVAL_SECONDS
"""How old a consensus may be for a directory cache to keep it.

Caches compute a difference from each that they have kept to every new one, so a network would cost
more with every minute that it lives (tor: src/feature/dircache/consdiffmgr.c). They serve whole
consensuses from the same place, so the newest must never be too old: caches fetch one up to 31
seconds after the one before became valid, and a vote may fail."""


class Torrcs:
    """Render the torrcs of one rig; they share the network's authorities and the allocation."""

    def __init__(self, network: Network, identities: Identities, allocation: Allocation) -> None:
        self._network = network
        self._allocation = allocation
        self._authorities = _authority_lines(identities, allocation)
        self._fingerprints = [
            *(identity.fingerprint for identity in identities.authorities),
            *(identity.fingerprint for identity in identities.relays),
        ]

    def authority(self, name: str) -> str:
        """Render a directory authority: a relay that votes."""
        address = self._allocation.host_of(name).address
        return self._torrc(
            name,
            _relay_lines(name, self._allocation),
            [
                f"DirPort {address}:{self._allocation.port(name, 'dir')}",
                *_voting_lines(self._network.consensus),
                torrc_path("V3BandwidthsFile", self.bandwidths_path(name)),
            ],
            self._network.torrc,
        )

    def bandwidths_path(self, name: str) -> PurePosixPath:
        """Return where an authority reads the relays' bandwidths."""
        return self._layout(name).directory(name) / "bandwidths"

    def bandwidths(self) -> str:
        """Render what the authorities take the relays' bandwidths to be: all the same.

        Without it the first relays that tested themselves would carry nearly everything, since
        the others count as 0 (torspec: bandwidth-file-spec).
        """
        lines = [
            f"node_id=${fingerprint} bw={BANDWIDTH_KB_PER_SECOND}"
            for fingerprint in self._fingerprints
        ]
        return "\n".join([str(self._allocation.made_second), *lines]) + "\n"

    def relay(self, name: str) -> str:
        """Render a relay."""
        return self._torrc(name, _relay_lines(name, self._allocation), self._network.torrc)

    def backend(
        self,
        name: str,
        backends: Backends,
        *,
        service: PurePosixPath,
        source_socket: PurePosixPath,
        echo_socket: PurePosixPath,
    ) -> str:
        """Render a backend instance; ``service`` is its onion service directory."""
        lines = [
            "SocksPort 0",
            torrc_path("HiddenServiceDir", service),
            "HiddenServiceOnionBalanceInstance 1",
            torrc_socket("HiddenServicePort", source_socket, port=ONION_PORT),
            torrc_socket("HiddenServicePort", echo_socket, port=ECHO_PORT),
        ]
        if backends.introduction_points != DEFAULT_INTRODUCTION_POINTS:
            lines.append(f"HiddenServiceNumIntroductionPoints {backends.introduction_points}")
        if backends.single_hop:
            lines += ["HiddenServiceNonAnonymousMode 1", "HiddenServiceSingleHopMode 1"]
        return self._torrc(name, lines, backends.torrc)

    def client(self, name: str, extra: Iterable[str]) -> str:
        """Render a client tor."""
        port = self._allocation.port(name, "socks")
        return self._torrc(
            name,
            [
                f"SocksPort {LOOPBACK}:{port} ExtendedErrors",
                "MaxClientCircuitsPending 1024",
            ],
            extra,
        )

    def balancer_tor(self, name: str) -> str:
        """Render the tor that Onionbalance fetches and publishes through."""
        port = self._allocation.port(name, "socks")
        return self._torrc(
            name,
            [f"SocksPort {LOOPBACK}:{port}", "FetchDirInfoEarly 1", "FetchDirInfoExtraEarly 1"],
        )

    def _torrc(self, name: str, *parts: Iterable[str]) -> str:
        layout = self._layout(name)
        lines = [
            "TestingTorNetwork 1",
            # on by the line above; keeps a record of every cell sent for as long as its circuit
            # lasts (tor: src/core/or/relay.c), and is off on the public network
            "TestingEnableCellStatsEvent 0",
            "TestingEnableConnBwEvent 0",
            *self._authorities,
            torrc_path("DataDirectory", layout.directory(name) / "data"),
            torrc_socket("ControlSocket", layout.control(name)),
            *([] if layout.controls is None else ["ControlSocketsGroupWritable 1"]),
            # loopback: tor takes no unix socket there
            f"MetricsPort {LOOPBACK}:{self._allocation.port(name, 'metrics')}",
            f"MetricsPortPolicy accept {LOOPBACK}",
            "Log notice stdout",
            "SafeLogging 0",
            "LogTimeGranularity 1",
            "ShutdownWaitLength 0",
            "DisableDebuggerAttachment 0",
        ]
        for part in parts:
            lines += part
        return "\n".join(lines) + "\n"

    def _layout(self, name: str) -> Layout:
        return self._allocation.layouts[self._allocation.host_of(name).name]


def _authority_lines(identities: Identities, allocation: Allocation) -> list[str]:
    return [
        f"DirAuthority authority{number} orport={allocation.port(f'authority-{number}', 'or')} "
        f"no-v2 v3ident={identity.v3_identity} "
        f"{allocation.host_of(f'authority-{number}').address}:"
        f"{allocation.port(f'authority-{number}', 'dir')} "
        f"{identity.fingerprint}"
        for number, identity in enumerate(identities.authorities, start=1)
    ]


def _relay_lines(name: str, allocation: Allocation) -> list[str]:
    address = allocation.host_of(name).address
    return [
        f"Nickname {nickname(name)}",
        f"Address {address}",
        f"ORPort {address}:{allocation.port(name, 'or')}",
        "SocksPort 0",
        "ExitRelay 0",
        "AssumeReachable 1",
        "ContactInfo onionrig private network",
        "NumCPUs 1",
        "AvoidDiskWrites 1",
        f"MaxConsensusAgeForDiffs {KEPT_CONSENSUS_SECONDS} seconds",
        "DoSCircuitCreationEnabled 0",
        "DoSConnectionEnabled 0",
    ]


def _voting_lines(consensus: dict[str, int]) -> list[str]:
    lines = [
        "AuthoritativeDirectory 1",
        "V3AuthoritativeDirectory 1",
        f"V3AuthVotingInterval {VOTING_INTERVAL_SECONDS} seconds",
        f"V3AuthVoteDelay {VOTE_DELAY_SECONDS} seconds",
        f"V3AuthDistDelay {DISTRIBUTION_DELAY_SECONDS} seconds",
        "V3AuthNIntervalsValid 2",
        f"TestingV3AuthInitialVotingInterval {INITIAL_VOTING_INTERVAL_SECONDS} seconds",
        f"TestingV3AuthInitialVoteDelay {INITIAL_VOTE_DELAY_SECONDS} seconds",
        f"TestingV3AuthInitialDistDelay {INITIAL_DISTRIBUTION_DELAY_SECONDS} seconds",
        "TestingDirAuthVoteExit *",
        "TestingDirAuthVoteGuard *",
        "TestingDirAuthVoteHSDir *",
        "TestingMinExitFlagThreshold 0",
        "TestingMinFastFlagThreshold 0",
        # of relays as old as each other half would not be Stable, and those get no introduction
        # points (tor: src/feature/dirauth/voteflags.c; src/feature/hs/hs_service.c)
        "AuthDirVoteStableGuaranteeMinUptime 0 seconds",
    ]
    if consensus:
        parameters = " ".join(f"{name}={value}" for name, value in sorted(consensus.items()))
        lines.append(f"ConsensusParams {parameters}")
    return lines


def nickname(service: str) -> str:
    """Return what a relay calls itself: a nickname has letters and digits alone."""
    return service.replace("-", "")
