"""How much of a stream may be on its way, where it is not under congestion control.

tor lets 500 cells of a stream be on their way until the other end acknowledges (tor:
src/core/or/or.h, STREAMWINDOW_START), each with 498 bytes of payload (RELAY_PAYLOAD_SIZE). Every
stream of ours has a circuit of its own, whose window is twice that.
"""

from __future__ import annotations

STREAM_WINDOW_BYTES = 500 * 498
