"""Weighted sums of the rows of a dense matrix, kept in the processor's vector registers.

What numba makes of the plain loop writes the sums to memory after each few rows and reads them
again, which takes twice as long; so the loop is spelled out in LLVM's vectors, for any processor.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WIDTH = 128
"""Columns that are summed at once."""
LANES = 16
"""Numbers in a vector, 64 bytes: a line of the cache. LLVM splits it for smaller registers."""

_INDEX = ir.IntType(64)
_VECTOR = ir.VectorType(ir.FloatType(), LANES)


def aligned(shape: tuple[int, ...]) -> np.ndarray:
    """Return float32 zeros that begin where a line of the cache does: no vector lies in two."""
    size = int(np.prod(shape))
    numbers = np.zeros(size + LANES, dtype=np.float32)
    start = -numbers.ctypes.data % 64 // 4
    return numbers[start : start + size].reshape(shape)


@intrinsic
def row_sums(typing_context, ids, weights, start, stop, rows, out):
    """Fill ``out`` with the sum of ``weights[p] * rows[ids[p]]`` over p from start to before stop.

    For compiled code; nothing is checked. The sum is float32, in the order of p.

    Args:
        ids: int32, not negative.
        weights: float32.
        start, stop: int64.
        rows: float32 of n x ``WIDTH``, in the order of C; best ``aligned``.
        out: float32 of length ``WIDTH``.
    """
    signature = types.void(ids, weights, types.int64, types.int64, rows, out)

    def generate(context, builder, signature, values):
        def pointer(argument):
            array = context.make_array(signature.args[argument])
            return array(context, builder, values[argument]).data

        def at(array, index):
            return builder.gep(array, [index])

        def vector_at(array, index):
            return builder.bitcast(at(array, index), _VECTOR.as_pointer())

        ids, weights, rows, out = (pointer(argument) for argument in (0, 1, 4, 5))
        fma = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), f"llvm.fma.v{LANES}f32"
        )
        zeros, nothing = ir.Constant(_VECTOR, [0.0] * LANES), ir.Constant(_VECTOR, ir.Undefined)
        first = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        # LLVM turns these into registers, as they are in no loop and nobody has their address.
        sums = [cgutils.alloca_once(builder, _VECTOR) for _ in range(WIDTH // LANES)]
        for part in sums:
            builder.store(zeros, part)
        one = ir.Constant(_INDEX, 1)
        with cgutils.for_range_slice(builder, values[2], values[3], one) as (p, _):
            row = builder.zext(builder.load(at(ids, p)), _INDEX)
            left = builder.mul(row, ir.Constant(_INDEX, WIDTH))
            weight = builder.insert_element(
                nothing, builder.load(at(weights, p)), ir.Constant(ir.IntType(32), 0)
            )
            weight = builder.shuffle_vector(weight, nothing, first)
            for k, part in enumerate(sums):
                column = builder.add(left, ir.Constant(_INDEX, k * LANES))
                numbers = builder.load(vector_at(rows, column), align=4)
                builder.store(builder.call(fma, [weight, numbers, builder.load(part)]), part)
        for k, part in enumerate(sums):
            place = vector_at(out, ir.Constant(_INDEX, k * LANES))
            builder.store(builder.load(part), place, align=4)
        return context.get_dummy_value()

    return signature, generate
