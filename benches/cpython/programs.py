"""What Python threads really do to a lock: `cargo xtask cpython --bench` runs these.

`programs.py` prints the programs, each with its numbers of threads; `programs.py NAME THREADS`
runs one, and prints how many rounds per second all threads together have done. A sum that does not
come out is an error.
"""

import argparse
import ast
import inspect
import os
import queue
import subprocess
import sys
import threading
import time

SECONDS = 0.3


def timed(threads, body):
    """Runs body(i, stopped) in so many threads; it returns its rounds. Rounds per second."""
    stopped = threading.Event()
    ready = threading.Barrier(threads + 1)
    rounds = [0] * threads

    def run(i):
        ready.wait()
        rounds[i] = body(i, stopped.is_set)

    workers = [threading.Thread(target=run, args=(i,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    ready.wait()
    start = time.perf_counter()
    time.sleep(SECONDS)
    stopped.set()
    for worker in workers:
        worker.join()
    return sum(rounds), time.perf_counter() - start


def until(stopped, step):
    """Calls step() until stopped; how often."""
    rounds = 0
    while not stopped():
        for _ in range(50):
            step()
        rounds += 50
    return rounds


class Count:
    value = 0


def tight_lock(threads):
    lock, count = threading.Lock(), Count()

    def step():
        with lock:
            count.value += 1

    rounds, took = timed(threads, lambda i, stopped: until(stopped, step))
    assert count.value == rounds, (count.value, rounds)
    return rounds / took


def lock_and_work(threads):
    lock, shared = threading.Lock(), Count()

    def step():
        with lock:
            shared.value += 1
        for _ in range(30):
            pass

    rounds, took = timed(threads, lambda i, stopped: until(stopped, step))
    assert shared.value == rounds
    return rounds / took


def rlock(threads):
    lock, count = threading.RLock(), Count()

    def step():
        with lock:
            with lock:
                count.value += 1

    rounds, took = timed(threads, lambda i, stopped: until(stopped, step))
    assert count.value == rounds
    return rounds / took


def one_dict(threads):
    shared, stored = {}, [0] * threads

    def body(i, stopped):
        keys = [(i, n) for n in range(64)]

        def step():
            key = keys[step.n % 64]
            step.n += 1
            shared[key] = step.n

        step.n = 0
        rounds = until(stopped, step)
        # With a GIL, a thread may not have come to all of its keys.
        stored[i] = min(rounds, len(keys))
        return rounds

    rounds, took = timed(threads, body)
    assert len(shared) == sum(stored)
    return rounds / took


def list_append(threads):
    shared = []

    def step():
        shared.append(None)
        if len(shared) > 100_000:
            shared.clear()

    rounds, took = timed(threads, lambda i, stopped: until(stopped, step))
    return rounds / took


def list_stores(threads):
    shared = [0] * threads

    def body(i, stopped):
        def step():
            shared[i] += 1

        return until(stopped, step)

    rounds, took = timed(threads, body)
    assert sum(shared) == rounds
    return rounds / took


def through(make_queue, threads):
    """Half of the threads put, half get; rounds are what was got."""
    q = make_queue()

    def body(i, stopped):
        rounds = 0
        if i % 2:
            while q.get() is not None:
                rounds += 1
        else:
            while not stopped():
                q.put(1)
            q.put(None)
        return rounds

    rounds, took = timed(threads, body)
    return rounds / took


def full_queue(threads):
    return through(lambda: queue.Queue(64), threads)


def simple_queue(threads):
    return through(queue.SimpleQueue, threads)


def condition(threads):
    """Each thread waits until it is its turn, and passes it on."""
    turns, turn = threading.Condition(), Count()

    def body(i, stopped):
        rounds = 0
        with turns:
            while not stopped():
                while turn.value != i and not stopped():
                    turns.wait(0.1)
                turn.value = (i + 1) % threads
                turns.notify_all()
                rounds += 1
        return rounds

    rounds, took = timed(threads, body)
    return rounds / took


def write_in_section(threads):
    """A system call under a lock: the thread detaches while it holds it."""
    lock = threading.Lock()
    sink = os.open(os.devnull, os.O_WRONLY)

    def step():
        with lock:
            os.write(sink, b"x")

    rounds, took = timed(threads, lambda i, stopped: until(stopped, step))
    os.close(sink)
    return rounds / took


def no_contention(threads):
    """One thread, all kinds of objects: what a lock costs that nobody else wants."""
    lock, items, table = threading.Lock(), [], {}

    def step():
        with lock:
            items.append(1)
            table["a"] = items.pop()

    rounds, took = timed(threads, lambda i, stopped: until(stopped, step))
    return rounds / took


def compiling(threads):
    """compile() of some of the standard library: the arena, the hashes of names, one thread."""
    sources = []
    for module in (argparse, ast, inspect, queue, subprocess, threading):
        with open(module.__file__, encoding="utf-8") as file:
            sources.append(file.read())
    rounds, start = 0, time.perf_counter()
    while time.perf_counter() - start < 3 * SECONDS:
        for source in sources:
            compile(source, "a file", "exec")
        rounds += 1
    return rounds / (time.perf_counter() - start)


PROGRAMS = {
    no_contention: [1],
    compiling: [1],
    tight_lock: [2, 4, 8],
    lock_and_work: [2, 4],
    rlock: [2, 4],
    one_dict: [2, 4, 8],
    list_append: [2, 4, 8],
    list_stores: [2, 4, 8],
    full_queue: [2, 4, 8],
    simple_queue: [2, 4, 8],
    condition: [2, 4, 8],
    write_in_section: [2, 4],
}

if __name__ == "__main__":
    if len(sys.argv) == 1:
        for program, counts in PROGRAMS.items():
            for threads in counts:
                print(program.__name__, threads)
    else:
        name, threads = sys.argv[1:]
        programs = {program.__name__: program for program in PROGRAMS}
        print(f"{programs[name](int(threads)):.1f}")
