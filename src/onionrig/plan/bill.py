"""The bill of materials: what a number of hosts needs to serve what it can."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from onionrig.experiment.auto import FEWEST_CLIENTS
from onionrig.experiment.frontend import POINTS_AN_INSTANCE
from onionrig.plan.capacity import BITS_PER_GBIT, memory_bytes
from onionrig.plan.ranges import over, times
from onionrig.records.plan import Bill, Cash, ClientSide, Range

if TYPE_CHECKING:
    from onionrig.hardware.boards import Board
    from onionrig.plan.address import PlannedAddress
    from onionrig.plan.reference import Reference

LEFT_OUT_CHANCE = 0.01
"""Accepted chance that some instance gets no stream, since clients choose at random
(docs/planning.md)."""


def bill(address: PlannedAddress, board: Board | None, hosts: int) -> Bill:
    """Return what this many hosts are, need and cost, and what the client side needs."""
    daemons = max(address.instances_of(hosts))
    instances = sum(address.instances_of(hosts))
    served = address.serves(hosts)
    descriptors = address.descriptors(instances)
    return Bill(
        hosts=hosts,
        daemons_per_host=daemons,
        instances=instances,
        introduction_points=instances * POINTS_AN_INSTANCE,
        descriptors=descriptors,
        streams=_streams(address, instances, served),
        memory_bytes_per_host=memory_bytes(address.reference, daemons),
        client_side=_client_side(address.reference, served, descriptors),
        watts=_watts(address, board, hosts),
        price=_price(board, hosts),
        link_bits_per_second=address.host.link_rate,
    )


def _streams(address: PlannedAddress, instances: int, served: Range) -> int:
    """Return enough streams for the likely rate even at the lowest rate of one stream."""
    streams = address.question.streams
    if streams is not None:
        return streams
    stream_rate, _ = address.stream_rate()
    return max(math.ceil(served.likely / stream_rate.lowest), streams_for_all(instances))


def streams_for_all(instances: int) -> int:
    """Return enough streams that an instance is left out only one time in a hundred.

    Each of s streams misses a given one of n instances with a probability of 1 - 1/n, and any of
    the n may be missed: n * (1 - 1/n) ** s is an upper bound of the probability that one is.
    """
    if instances == 1:
        return 1
    return math.ceil(math.log(LEFT_OUT_CHANCE / instances) / math.log(1 - 1 / instances))


def _client_side(reference: Reference, served: Range, descriptors: int) -> ClientSide:
    gbits = served.likely / BITS_PER_GBIT
    cores = times(reference.client_cost.value, gbits)
    tors = max(FEWEST_CLIENTS, math.ceil(cores.highest))
    return ClientSide(
        # a client tor keeps to one of the descriptors, and all should be fetched by equally many
        client_tors=descriptors * math.ceil(tors / descriptors),
        client_cores=cores,
        relay_cores=times(reference.relay_cost.value, gbits),
        link_bits_per_second=over(served, reference.payload_share.value),
    )


def _watts(address: PlannedAddress, board: Board | None, hosts: int) -> Range | None:
    """Return the power from all idle to all at full load; the likely value follows the CPU load."""
    if board is None or board.idle_watts is None or board.stress_watts is None:
        return None
    idle, stress = board.idle_watts.value, board.stress_watts.value
    cpu = address.host.cpu.likely
    busy = min(1.0, address.serves(hosts).likely / (hosts * cpu)) if cpu else 1.0
    return Range(
        lowest=hosts * idle, likely=hosts * (idle + (stress - idle) * busy), highest=hosts * stress
    )


def _price(board: Board | None, hosts: int) -> Cash | None:
    if board is None or board.price is None:
        return None
    price = board.price
    return Cash(amount=hosts * price.value, currency=price.currency, per=price.per, date=price.date)
