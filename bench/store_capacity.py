"""Measure the capacity of one store: the processor time of its single command thread, from its own counters.

The rate of a client would say more about the client. The store counts its commands and the processor time of its main
thread. The time per command gives the capacity, because the thread can be busy for one second per second.
"""

import socket
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from redis import Redis

from lab.cluster.embedded_store import EmbeddedStore

CLIENTS, COMMANDS, RECORD_BYTES = 50, 400, 200


def measure_store(rounds: int) -> dict[str, float]:
    """Return the store thread's microseconds per GETEX, with fifty clients, each with one command in flight."""
    store = EmbeddedStore()
    try:
        with Redis.from_url(store.url) as redis:
            redis.set("record", b"x" * RECORD_BYTES)
            clients = [_client(store.url) for _ in range(CLIENTS)]
            taken = [_round(redis, clients) for _ in range(rounds)]
            return {"store_command_us": round(median(taken), 2)}
    finally:
        store.stop()


def _client(url: str) -> socket.socket:
    parts = urlsplit(url)
    client = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parts.password:
        client.sendall(_command("AUTH", parts.password))
        client.recv(100)
    return client


def _command(*words: str) -> bytes:
    return f"*{len(words)}\r\n".encode() + b"".join(f"${len(word)}\r\n{word}\r\n".encode() for word in words)


def _round(redis: Redis, clients: list[socket.socket]) -> float:
    command, reply = _command("GETEX", "record", "EX", "1800"), len(f"${RECORD_BYTES}\r\n\r\n") + RECORD_BYTES
    before = _busy(redis)
    for _ in range(COMMANDS):
        for client in clients:
            client.sendall(command)
        for client in clients:
            _receive(client, reply)
    return (_busy(redis) - before) * 1e6 / (COMMANDS * len(clients))


def _receive(client: socket.socket, length: int) -> None:
    while length:
        length -= len(client.recv(length))


def _busy(redis: Redis) -> float:
    cpu: dict[str, Any] = redis.info("cpu")
    return float(cpu["used_cpu_user_main_thread"]) + float(cpu["used_cpu_sys_main_thread"])
