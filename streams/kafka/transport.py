"""Faust's aiokafka transport with our consumer."""

from faust.transport.drivers.aiokafka import Transport

from streams.kafka.consumer import BatchConsumer


class BatchTransport(Transport):
    """Given to the app by ``BatchApp._new_transport``; no URL scheme is registered."""

    Consumer = BatchConsumer
