"""Members of zips are read within bounds, whatever their headers say."""

import struct
import tracemalloc
import zipfile

import pytest

from nexttrack.data.raw.archives import member_blocks, read_member, refuse_unsafe_names
from nexttrack.errors import UserError


def a_zip(path, *, content=b"x" * 100, name="a.dat", method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(name, content)
    return path


def read(path, **limits):
    with zipfile.ZipFile(path) as archive:
        refuse_unsafe_names(archive, "a.zip")
        return b"".join(member_blocks(archive, archive.infolist()[0], "a.zip", **limits))


def test_a_member_is_read_whole(tmp_path):
    content = bytes(range(256)) * 10_000
    assert read(a_zip(tmp_path / "a.zip", content=content)) == content


def test_a_lying_header_costs_no_more_than_a_block(tmp_path):
    path = a_zip(tmp_path / "a.zip", content=bytes(2**26))
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 2**26), struct.pack("<I", 100)))
    with zipfile.ZipFile(path) as archive:
        assert archive.infolist()[0].file_size == 100
        tracemalloc.start()
        with pytest.raises(UserError, match=r"a\.zip: a\.dat is damaged \(Bad CRC-32"):
            read_member(archive, archive.infolist()[0], "a.zip")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2**23


def test_what_would_be_too_large_is_not_begun(tmp_path):
    with pytest.raises(UserError, match=r"a\.dat would unpack to 100 bytes"):
        read(a_zip(tmp_path / "a.zip"), limit=99)


def test_a_method_that_cannot_be_bounded_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"packed by a method that is not read here \(12\)"):
        read(a_zip(tmp_path / "a.zip", method=zipfile.ZIP_BZIP2))


def test_an_encrypted_member_is_refused(tmp_path):
    path = a_zip(tmp_path / "a.zip")
    with zipfile.ZipFile(path) as archive:
        info = archive.infolist()[0]
        info.flag_bits |= 1
        with pytest.raises(UserError, match=r"a\.zip: a\.dat is encrypted"):
            read_member(archive, info, "a.zip")


@pytest.mark.parametrize("name", ["../a.dat", "/a.dat", "C:\\a.dat", "b\\..\\..\\a.dat"])
def test_a_name_that_leads_out_is_refused(name, tmp_path):
    with pytest.raises(UserError, match="leads out of its folder: do not unpack it"):
        read(a_zip(tmp_path / "a.zip", name=name))
