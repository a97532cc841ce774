"""A process of test_broker.py: `produce FOLDER NAME COUNT` puts numbered messages, `consume FOLDER` prints what it gets."""

import sys
from queue import Empty

from kombu import Connection

from ctac.transports import folder as transports_folder  # registers the transport


def connect(folder):
    return Connection(transports_folder.FOLDER_BROKER_URL, transport_options={"folder": folder, "polling_interval": 0.01})


def produce(folder, name, count):
    with connect(folder) as connection, connection.SimpleQueue("letters") as queue:
        for number in range(int(count)):
            queue.put(f"{name}-{number}")


def consume(folder, patience="2"):
    with connect(folder) as connection, connection.SimpleQueue("letters") as queue:
        while True:
            try:
                message = queue.get(timeout=float(patience))
            except Empty:
                return
            message.ack()
            sys.stdout.write(f"{message.payload}\n")


if __name__ == "__main__":
    {"produce": produce, "consume": consume}[sys.argv[1]](*sys.argv[2:])
