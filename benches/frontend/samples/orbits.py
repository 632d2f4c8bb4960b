"""Small bodies around a large one: a leapfrog integrator in plain Python."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

G = 6.674_30e-11
ASTRONOMICAL_UNIT = 149_597_870_700.0


@dataclass(slots=True)
class Body:
    """A body with mass, place and speed, in SI units."""

    name: str
    mass: float
    place: tuple[float, float] = (0.0, 0.0)
    speed: tuple[float, float] = (0.0, 0.0)
    trail: list[tuple[float, float]] = field(default_factory=list, repr=False)

    def distance(self, other: Body) -> float:
        Δx, Δy = (a - b for a, b in zip(self.place, other.place))
        return math.hypot(Δx, Δy)


class System:
    """Bodies that pull at each other."""

    def __init__(self, *bodies: Body, softening: float = 1e3) -> None:
        self.bodies = list(bodies)
        self.softening = softening
        self.time = 0.0

    def acceleration(self, body: Body) -> tuple[float, float]:
        ax = ay = 0.0
        for other in self.bodies:
            if other is body:
                continue
            Δx = other.place[0] - body.place[0]
            Δy = other.place[1] - body.place[1]
            r2 = Δx * Δx + Δy * Δy + self.softening**2
            pull = G * other.mass / (r2 * math.sqrt(r2))
            ax += pull * Δx
            ay += pull * Δy
        return ax, ay

    def step(self, Δt: float) -> None:
        """Half a kick, a drift, half a kick: the energy does not creep away."""
        kicks = [self.acceleration(body) for body in self.bodies]
        for body, (ax, ay) in zip(self.bodies, kicks, strict=True):
            vx, vy = body.speed[0] + ax * Δt / 2, body.speed[1] + ay * Δt / 2
            body.place = body.place[0] + vx * Δt, body.place[1] + vy * Δt
            body.speed = vx, vy
        for body in self.bodies:
            ax, ay = self.acceleration(body)
            body.speed = body.speed[0] + ax * Δt / 2, body.speed[1] + ay * Δt / 2
            body.trail.append(body.place)
        self.time += Δt

    @property
    def energy(self) -> float:
        kinetic = sum(b.mass * (b.speed[0] ** 2 + b.speed[1] ** 2) / 2 for b in self.bodies)
        potential = 0.0
        for i, a in enumerate(self.bodies):
            for b in self.bodies[i + 1 :]:
                potential -= G * a.mass * b.mass / math.hypot(a.distance(b), self.softening)
        return kinetic + potential


def earth_and_sun() -> System:
    sun = Body("Sun", 1.988_47e30)
    v = math.sqrt(G * sun.mass / ASTRONOMICAL_UNIT)
    earth = Body("Earth", 5.9722e24, (ASTRONOMICAL_UNIT, 0.0), (0.0, v))
    return System(sun, earth)


if __name__ == "__main__":
    system, day = earth_and_sun(), 86_400.0
    before = system.energy
    for _ in range(365):
        system.step(day)
    print(f"after {system.time / day:.0f} days: {abs(system.energy / before - 1):.2e} {before = }")
