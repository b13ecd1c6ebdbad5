"""Random numbers for compiled loops: one stream for each row, whatever the number of threads."""

import numpy as np
from numba import njit, uint64

from nexttrack.kernels.arguments import whole_number

STEP = uint64(0x9E3779B97F4A7C15)


def start_of(seed: int) -> np.uint64:
    """Return 64 bits that stand for a seed, a whole number of at least 0.

    Raises:
        ValueError: for anything else; None would be another seed each time.
    """
    return np.random.SeedSequence(whole_number(seed, "seed")).generate_state(1, dtype=np.uint64)[0]


@njit(nogil=True, cache=True)
def mix(state):
    """Return the output of SplitMix64 (Steele, Lea & Flood 2014) at a state, both uint64."""
    z = (state ^ (state >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@njit(nogil=True, cache=True)
def stream(start, row):
    """Return the state at which a row's stream begins; ``state += STEP`` before each number."""
    return mix(start ^ mix(uint64(row) * STEP))


@njit(nogil=True, cache=True)
def below(state, n):
    """Return a whole number in [0, n) from a state; the bias is below n / 2^32 (Lemire 2019)."""
    return ((mix(state) >> uint64(32)) * uint64(n)) >> uint64(32)
