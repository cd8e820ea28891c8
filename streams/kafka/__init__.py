"""Kafka: batch delivery on Faust, whole-batch producing, session state, topics, and the embedded broker."""

from streams.kafka.compat import check_libraries

check_libraries()
