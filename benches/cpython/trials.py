"""What a runtime's locks have to survive: `cargo xtask cpython` runs each on both interpreters.

`trials.py` prints the names; `trials.py NAME` runs one, and exits with 0 if it has come to its end.
One that hangs prints the stacks of all its threads. No trial goes by who is faster.
"""

import faulthandler
import gc
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import warnings

HANGS_AFTER_S = 300


def together(threads, body):
    """Runs body(i) in so many threads, and raises what one of them raised."""
    failures = []

    def run(i):
        try:
            body(i)
        except BaseException as failure:
            failures.append(failure)

    workers = [threading.Thread(target=run, args=(i,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]


def sums():
    """Every way of excluding others: what was counted under it comes out."""
    for make in (threading.Lock, threading.RLock, threading.Condition, threading.Semaphore):
        lock, count = make(), [0]

        def body(_):
            for _ in range(5_000):
                with lock:
                    count[0] += 1

        together(8, body)
        assert count[0] == 40_000, (make, count)


def timeouts():
    """Waits that give up beside waits that do not: who says that it has the lock has it."""
    lock, inside, count = threading.Lock(), [0], [0]

    def body(i):
        for n in range(1_500):
            wait = random.choice((-1, 0, 1e-9, 1e-6, 1e-4, 2e-3)) if i % 2 else -1
            if lock.acquire(timeout=wait):
                inside[0] += 1
                assert inside[0] == 1
                count[0] += 1
                if n % 64 == 0:
                    time.sleep(0)
                inside[0] -= 1
                lock.release()

    together(6, body)
    assert lock.acquire(False) and count[0] >= 3 * 1_500


def handed_over():
    """Everything that is put into a queue is taken out of it once."""
    for make in (queue.SimpleQueue, queue.Queue, lambda: queue.Queue(3), queue.LifoQueue):
        q, taken = make(), [0] * 8

        def body(i):
            if i < 4:
                for n in range(2_000):
                    q.put(n)
                q.put(None)
            else:
                while (n := q.get()) is not None:
                    taken[i] += n

        if make is queue.LifoQueue:
            # Its ends come out first, so all is put before any is taken.
            together(4, body)
            together(4, lambda i: body(i + 4))
            while not q.empty():
                if (n := q.get()) is not None:
                    taken[0] += n
        else:
            together(8, body)
        assert sum(taken) == 4 * sum(range(2_000)), make


def opposite_pairs():
    """Sections of two objects, named in either order, with objects that call back in between."""

    class Calls:
        def __init__(self, n):
            self.n = n

        def __eq__(self, other):
            left.count(None)
            right.index(0)
            return self.n == other

        __hash__ = None

    left, right = [0], [0]
    tables = [{}, {}]

    def body(i):
        a, b = (left, right) if i % 2 else (right, left)
        for n in range(600):
            a.extend(b[:2])
            del a[1:-1]
            b == a
            Calls(n) in a
            tables[i % 2].update(tables[1 - i % 2])
            tables[i % 2][n % 50] = i

    together(4, body)
    assert set(tables[0]) | set(tables[1]) == set(range(50))


def stopped_worlds():
    """Collections, which stop all threads, beside threads that wait for each other."""
    lock, shared, done = threading.Lock(), {}, threading.Event()

    def body(i):
        if i == 0:
            for _ in range(150):
                gc.collect()
                sys._current_frames()
            done.set()
        while not done.is_set():
            with lock:
                shared[i] = [shared.get(i)]
                shared[i][0] = None
            shared.setdefault((i, "x"), []).append(1)

    together(6, body)


def forks():
    """Forks in the thick of it: the child waits, wakes and joins with what it makes itself.

    The others do nothing but wait for each other: the child would inherit an object that a thread
    of its parent was changing.
    """
    lock, done = threading.Lock(), threading.Event()

    def child():
        mine, q, counted = threading.Lock(), queue.SimpleQueue(), [0]

        def count(i):
            for _ in range(50):
                with mine:
                    counted[0] += 1
            q.put(i)

        together(3, count)
        assert counted[0] == 150 and sorted(q.get() for _ in range(3)) == [0, 1, 2]

    def contend():
        while not done.is_set():
            with lock:
                pass
            if lock.acquire(timeout=1e-5):
                lock.release()

    others = [threading.Thread(target=contend) for _ in range(4)]
    for other in others:
        other.start()
    for _ in range(300):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                # The watchdog is a thread, which a child has not.
                signal.alarm(HANGS_AFTER_S // 2)
                child()
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(pid, 0)[1] == 0
    done.set()
    for other in others:
        other.join()


def interrupts():
    """Ctrl-C ends every kind of wait of the main thread."""
    never = threading.Event()
    held = threading.Lock()
    held.acquire()
    owned, is_owned = threading.RLock(), threading.Event()

    def own():
        with owned:
            is_owned.set()
            never.wait()

    owner = threading.Thread(target=own, daemon=True)
    owner.start()
    is_owned.wait()
    condition = threading.Condition()

    def wait_for_condition():
        with condition:
            condition.wait()

    waits = [
        held.acquire,
        lambda: held.acquire(timeout=1000),
        owned.acquire,
        wait_for_condition,
        never.wait,
        lambda: never.wait(1000),
        threading.Semaphore(0).acquire,
        threading.Barrier(2).wait,
        queue.Queue().get,
        queue.SimpleQueue().get,
        lambda: queue.SimpleQueue().get(timeout=1000),
        owner.join,
        lambda: owner.join(1000),
    ]
    main = threading.main_thread().ident
    for wait in waits:
        for _ in range(15):
            arrived = threading.Event()
            handled = []

            def handler(*_):
                if not handled:
                    handled.append(1)
                    raise KeyboardInterrupt

            def storm():
                # One that comes before the wait ends none: again, until one has.
                while not arrived.wait(0.002):
                    signal.pthread_kill(main, signal.SIGINT)

            signal.signal(signal.SIGINT, handler)
            stormer = threading.Thread(target=storm)
            try:
                stormer.start()
                wait()
            except KeyboardInterrupt:
                pass
            else:
                raise AssertionError(f"{wait} came to its end")
            finally:
                arrived.set()
            stormer.join()


def daemons():
    """A program ends while its daemons wait, work and hold locks."""
    program = """if True:
        import queue, threading, time
        lock, q, shared = threading.Lock(), queue.SimpleQueue(), {}
        def work(i):
            while True:
                with lock:
                    shared[i] = [i]
                lock.acquire(timeout=1e-4) and lock.release()
        for i in range(4):
            threading.Thread(target=work, args=(i,), daemon=True).start()
        threading.Thread(target=q.get, daemon=True).start()
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        time.sleep(0.02)
    """
    for _ in range(25):
        done = subprocess.run([sys.executable, "-c", program], timeout=HANGS_AFTER_S / 2)
        assert done.returncode == 0, done


def traced_memory():
    """tracemalloc sees the memory of the syntax tree, and sees it go.

    The compiler warns of the first line when it has the whole tree, and next to no code yet.
    """
    lines, seen = 20_000, []
    source = "1 is 2\n" + "x = y\n" * lines

    def warned(*_, **__):
        seen.append(tracemalloc.get_traced_memory()[0])

    # What is made once is made before.
    compile("x = y", "a file", "exec")
    tracemalloc.start()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = warned
        before = tracemalloc.get_traced_memory()[0]
        compile(source, "a file", "exec")
        after = tracemalloc.get_traced_memory()[0]
    # A statement, two names and what is around them.
    assert seen and seen[0] - before > 100 * lines, (before, seen)
    assert after - before < 100 * lines, (before, after)


TRIALS = [
    sums,
    timeouts,
    handed_over,
    opposite_pairs,
    stopped_worlds,
    forks,
    interrupts,
    daemons,
    traced_memory,
]

if __name__ == "__main__":
    if len(sys.argv) == 1:
        print("\n".join(trial.__name__ for trial in TRIALS))
    else:
        faulthandler.dump_traceback_later(HANGS_AFTER_S, exit=True)
        {trial.__name__: trial for trial in TRIALS}[sys.argv[1]]()
