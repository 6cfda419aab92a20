"""The embedded broker: messages appear whole, are taken once, and none is lost."""

import contextlib
import json
import threading
import time
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection, Exchange, Queue

MESSAGES = 500


@pytest.fixture
def connect(tmp_path):
    """Connections to one broker folder, each as a process of its own would make it."""
    made = []

    def make():
        options = {
            "data_folder_in": str(tmp_path / "broker"),
            "data_folder_out": str(tmp_path / "broker"),
            "control_folder": str(tmp_path / "control"),
            "polling_interval": 0.01,
        }
        made.append(Connection("folder://", transport_options=options))
        return made[-1]

    yield make
    for connection in made:
        connection.release()


def test_a_message_arrives_with_its_content(connect):
    with connect().SimpleQueue("mail") as queue:
        queue.put({"task": "deliver", "words": "Löwe"})
    with connect().SimpleQueue("mail") as queue:
        message = queue.get(timeout=2)
        message.ack()
        assert message.payload == {"task": "deliver", "words": "Löwe"}
        with pytest.raises(Empty):
            queue.get(block=False)


def test_the_oldest_message_comes_first(connect):
    with connect().SimpleQueue("mail") as queue:
        for number in range(20):
            queue.put(number)
        assert [queue.get(timeout=2).payload for _ in range(20)] == list(range(20))


def test_queues_do_not_take_from_one_another(connect):
    connection = connect()
    with connection.SimpleQueue("b") as short, connection.SimpleQueue("a.b") as long:
        long.put("for the long one")
        with pytest.raises(Empty):
            short.get(block=False)
        assert long.get(timeout=2).payload == "for the long one"


def test_a_message_appears_under_its_name_only_when_it_is_whole(connect, tmp_path, monkeypatch):
    halves = []
    write = Path.write_bytes

    def watch(self, content):
        written = write(self, content[: len(content) // 2])
        halves.extend((tmp_path / "broker").glob("[!.]*"))
        return written + write(self, content)

    monkeypatch.setattr(Path, "write_bytes", watch)
    with connect().SimpleQueue("mail") as queue:
        queue.put("x" * 1000)
        assert not halves
        assert queue.get(timeout=2).payload == "x" * 1000


def test_what_is_half_written_or_taken_by_another_is_passed_over(connect, tmp_path):
    with connect().SimpleQueue("mail") as queue:
        queue.put("whole")
        (name,) = (path.name for path in (tmp_path / "broker").iterdir())
        (tmp_path / "broker" / f".{name}.part").write_text('{"bo')
        (tmp_path / "broker" / f".{name}.taken").write_text("{}")
        assert queue.get(timeout=2).payload == "whole"


def test_nothing_is_left_behind(connect, tmp_path):
    with connect().SimpleQueue("mail") as queue:
        queue.put("one")
        queue.get(timeout=2).ack()
    assert not list((tmp_path / "broker").iterdir())


def test_two_consumers_get_every_message_once_while_two_producers_write(connect):
    """The stock transport loses some here: it reads files that are still being written."""
    numbers = range(MESSAGES)
    got, failures, deadline = [], [], time.monotonic() + 30

    def guarded(work):
        try:
            work()
        except Exception as error:  # shown by the assertion in the main thread
            failures.append(repr(error))

    def produce(part):
        with connect().SimpleQueue("mail") as queue:
            for number in part:
                queue.put({"number": number, "filling": "x" * 20_000})

    def consume():
        with connect().SimpleQueue("mail") as queue:
            while len(got) < MESSAGES and time.monotonic() < deadline:
                with contextlib.suppress(Empty):
                    message = queue.get(timeout=0.1)
                    message.ack()
                    assert len(message.payload["filling"]) == 20_000
                    got.append(message.payload["number"])

    jobs = [consume, consume, lambda: produce(numbers[::2]), lambda: produce(numbers[1::2])]
    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not failures
    assert sorted(got) == list(numbers)


def test_many_processes_may_bind_to_one_exchange_at_once(connect, tmp_path):
    exchange, failures = Exchange("events", type="fanout"), []
    connections = [connect() for _ in range(8)]
    barrier = threading.Barrier(8)

    def bind(number):
        try:
            barrier.wait()
            channel = connections[number].channel()
            Queue(f"listener{number}", exchange, channel=channel).declare()
        except Exception as error:  # shown by the assertion in the main thread
            failures.append(repr(error))

    threads = [threading.Thread(target=bind, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    table = json.loads((tmp_path / "control" / "events.exchange").read_text())
    assert {queue for _key, _pattern, queue in table} == {f"listener{number}" for number in range(8)}


def test_a_fanout_reaches_every_listener_and_none_that_has_left(connect, tmp_path):
    exchange = Exchange("events", type="fanout")
    channel = connect().channel()
    first, second, third = (Queue(name, exchange, channel=channel) for name in ("first", "second", "third"))
    for queue in (first, second, third):
        queue.declare()
    third.delete()
    exchange(channel).publish(exchange(channel).Message("look"))
    assert [queue.get(no_ack=True).body for queue in (first, second)] == [b"look", b"look"]
    assert not list((tmp_path / "broker").iterdir())
