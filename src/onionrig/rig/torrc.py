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
"""Default of tor itself (tor manual: HiddenServiceNumIntroductionPoints)."""
VOTING_INTERVAL_SECONDS = 20
"""Voting interval that Onionbalance's testnet mode assumes (onionbalance 0.2.4:
hs_v3/consensus.py)."""
VOTE_DELAY_SECONDS = DISTRIBUTION_DELAY_SECONDS = 4
INITIAL_VOTING_INTERVAL_SECONDS = 5
INITIAL_VOTE_DELAY_SECONDS = INITIAL_DISTRIBUTION_DELAY_SECONDS = 2
BANDWIDTH_KB_PER_SECOND = 100_000
"""Bandwidth of every relay; only the ratios matter, and all are equal."""
KEPT_CONSENSUS_SECONDS = 3 * VOTING_INTERVAL_SECONDS
"""Age up to which a directory cache keeps a consensus.

Caches compute a difference from each one that they have kept to every new one, so a network would
cost more with every minute that it lives (tor: src/feature/dircache/consdiffmgr.c). They serve
whole consensuses from the same store, so the newest must never be too old: caches fetch a consensus
up to 31 seconds after the previous one became valid, and a vote may fail."""


class Torrcs:
    """Renders the torrcs of one rig, which share the network's authorities and the allocation."""

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
        """Return the file from which an authority reads the relays' bandwidths."""
        return self._layout(name).directory(name) / "bandwidths"

    def bandwidths(self) -> str:
        """Render the authorities' file of the relays' bandwidths: all the same.

        Without it the first relays that tested themselves would carry nearly everything, since the
        others count as 0 (torspec: bandwidth-file-spec).
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
        """Render the tor through which Onionbalance fetches and publishes descriptors."""
        port = self._allocation.port(name, "socks")
        return self._torrc(
            name,
            [f"SocksPort {LOOPBACK}:{port}", "FetchDirInfoEarly 1", "FetchDirInfoExtraEarly 1"],
        )

    def _torrc(self, name: str, *parts: Iterable[str]) -> str:
        layout = self._layout(name)
        lines = [
            "TestingTorNetwork 1",
            # on by the line above, off on the public network; tor would record every cell sent for
            # as long as its circuit lasts (tor: src/core/or/relay.c)
            "TestingEnableCellStatsEvent 0",
            "TestingEnableConnBwEvent 0",
            *self._authorities,
            torrc_path("DataDirectory", layout.directory(name) / "data"),
            torrc_socket("ControlSocket", layout.control(name)),
            *([] if layout.controls is None else ["ControlSocketsGroupWritable 1"]),
            # on loopback, since tor accepts no unix socket here
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
        # half of several relays of the same age would not be Stable, and such relays get no
        # introduction points (tor: src/feature/dirauth/voteflags.c; src/feature/hs/hs_service.c)
        "AuthDirVoteStableGuaranteeMinUptime 0 seconds",
    ]
    if consensus:
        parameters = " ".join(f"{name}={value}" for name, value in sorted(consensus.items()))
        lines.append(f"ConsensusParams {parameters}")
    return lines


def nickname(service: str) -> str:
    """Return the nickname of a relay, which may only have letters and digits."""
    return service.replace("-", "")
