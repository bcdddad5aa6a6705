# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out whether hosts reach one another where the daemons of a run would listen.

``listen ADDRESS PORT`` accepts connections until it is ended. ``try JSON``, an object of addresses
and ports by host, connects to all of them at once and prints what became of each: ``reached``,
``refused``, ``timeout``, or another reason.
"""

import json
import socket
import sys
import threading
import time

SECONDS = 3.0


def listen(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as server:
        while True:
            server.accept()[0].close()


def reached(address, port):
    """Try for a while: what listens there may be about to."""
    until = time.monotonic() + SECONDS
    answer = tried(address, port)
    while answer == "refused" and time.monotonic() < until:
        time.sleep(0.1)
        answer = tried(address, port)
    return answer


def tried(address, port):
    try:
        socket.create_connection((address, port), timeout=SECONDS).close()
    except ConnectionRefusedError:
        return "refused"
    except socket.timeout:
        return "timeout"
    except OSError as error:
        return error.strerror or str(error)
    return "reached"


def try_all(targets):
    answers = {}
    threads = [
        threading.Thread(
            target=lambda host=host, at=at: answers.update({host: reached(at[0], at[1])})
        )
        for host, at in targets.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(answers, sort_keys=True))


if sys.argv[1] == "listen":
    listen(sys.argv[2], int(sys.argv[3]))
else:
    try_all(json.loads(sys.argv[2]))
