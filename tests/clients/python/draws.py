"""Random numbers that can be drawn again, and made simpler while something still holds."""

import random

# A query of any size is simple enough after these.
ATTEMPTS_MAX = 400


class Draws:
    """Draws with `seed`, or again what `told` says and then always 0, which stands for the simplest."""

    def __init__(self, seed=None, told=None):
        self.random, self.told, self.drawn = random.Random(seed), told, []

    def _draw(self):
        if self.told is None:
            number = self.random.random()
        else:
            number = self.told[len(self.drawn)] if len(self.drawn) < len(self.told) else 0.0
        self.drawn.append(number)
        return number

    def chance(self, part):
        return self._draw() >= 1 - part

    def choice(self, values):
        return values[int(self._draw() * len(values))]

    def choices(self, values, least, most):
        return [self.choice(values) for _ in range(self.between(least, most))]

    def between(self, least, most):
        return least + int(self._draw() * (most - least + 1))


def simplest(told, holds):
    """The shortest and smallest draws for which `holds` still holds, as far as some attempts find them."""
    attempts = 0

    def tried(candidate):
        nonlocal attempts
        attempts += 1
        return holds(candidate)

    length, place = max(len(told) // 2, 1), 0
    while attempts < ATTEMPTS_MAX:
        if place >= len(told):
            if length == 1:
                break
            length, place = max(length // 2, 1), 0
            continue
        part = told[place : place + length]
        without = told[:place] + told[place + length :]
        zeros = told[:place] + [0.0] * len(part) + told[place + length :]
        if tried(without):
            told = without
        elif any(part) and tried(zeros):
            told, place = zeros, place + length
        else:
            place += length
    return told
