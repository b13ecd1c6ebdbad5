"""What is packed comes back, the same bytes each time, and nothing else is taken for a model."""

import gzip

import numpy as np
import pytest

from nexttrack.study.try_it.container import lines, pack, text, unpack

ARRAYS = {
    "small": np.array([1, 255], dtype=np.uint8),
    "signed": np.array([[-128, 127, 3]], dtype=np.int8),
    "wide": np.arange(5, dtype=np.uint32),
    "none": np.zeros((0, 3), dtype=np.float32),
    "exact": np.array([[np.pi, -0.0]]),
}


def test_arrays_and_meta_come_back_as_they_were():
    meta, arrays = unpack(pack({"name": "Ásgeir 音", "list": [1, [2]]}, ARRAYS))
    assert meta == {"name": "Ásgeir 音", "list": [1, [2]]}
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)
    assert pack(meta, ARRAYS) == pack(meta, ARRAYS)


def test_arrays_lie_where_a_browser_can_view_them():
    data = gzip.decompress(pack({"odd": "å"}, ARRAYS))
    length = int(np.frombuffer(data, "<u4", 1, 4)[0])
    assert (8 + length) % 8 == 0
    assert np.frombuffer(data, "<f8", 1, data.index(np.float64(np.pi).tobytes()))[0] == np.pi


def test_a_name_that_would_break_a_line_stays_one_line():
    assert lines(text(["a\nb", "c\r\u2028d", " é  f "])) == ["a b", "c d", "é f"]


@pytest.mark.parametrize("block", [b"", b"no", b"NTTI", b"other"])
@pytest.mark.parametrize("zipped", [False, True])
def test_other_bytes_are_refused(block, zipped):
    with pytest.raises(ValueError, match="no model of the page"):
        unpack(gzip.compress(block) if zipped else block)


def test_a_type_that_the_page_has_not_is_refused():
    with pytest.raises(ValueError, match="wrong is of int64"):
        pack({}, {"wrong": np.arange(3)})
