"""Fetches pages politely: async functions, context managers, and a queue."""

import asyncio
import contextlib
import itertools
import time
from typing import Protocol, TypeVar

T = TypeVar("T")
_serial = itertools.count(1)


class Site(Protocol):
    async def get(self, path: str) -> tuple[str, list[str]]: ...


class Pretend:
    """A site that is not there: every page links to two others."""

    def __init__(self, pages: int, delay: float = 0.0) -> None:
        self.pages, self.delay = pages, delay

    async def get(self, path: str) -> tuple[str, list[str]]:
        await asyncio.sleep(self.delay)
        number = int(path.lstrip("/") or 0)
        links = [f"/{n}" for n in (2 * number + 1, 2 * number + 2) if n < self.pages]
        return f"<h1>page {number}</h1>", links


class Limit:
    """At most so many at once, and not faster than that."""

    def __init__(self, at_once: int, per_second: float | None = None) -> None:
        self._gate = asyncio.Semaphore(at_once)
        self._gap = 1 / per_second if per_second else 0.0
        self._next = time.monotonic()

    async def __aenter__(self) -> "Limit":
        await self._gate.acquire()
        global _serial
        if (wait := self._next - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        self._next = max(self._next, time.monotonic()) + self._gap
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gate.release()


async def crawl(site: Site, limit: Limit, *, workers: int = 4) -> dict[str, str]:
    seen: dict[str, str] = {}
    queue: asyncio.Queue[str] = asyncio.Queue()
    queue.put_nowait("/")

    async def work() -> None:
        while True:
            path = await queue.get()
            try:
                if path in seen:
                    continue
                async with limit:
                    seen[path], links = await site.get(path)
                for link in links:
                    queue.put_nowait(link)
            finally:
                queue.task_done()

    tasks = [asyncio.create_task(work(), name=f"spider-{next(_serial)}") for _ in range(workers)]
    await queue.join()
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)
    return seen


async def chunks(items: list[T], size: int):
    for start in range(0, len(items), size):
        yield items[start : start + size]
        await asyncio.sleep(0)


async def main() -> None:
    pages = await crawl(Pretend(31), Limit(4, per_second=None))
    async for part in chunks(sorted(pages), 8):
        print(*part, sep=", ")
    assert len(pages) == 31, f"{len(pages)=}"


if __name__ == "__main__":
    asyncio.run(main())
