"""Read zip archives that may be damaged, or made to harm: bounded, and never by their own paths."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath

from nexttrack.errors import UserError

LARGEST_MEMBER = 2**30
BLOCK = 2**20
READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
AGAIN = "get the file again"


def refuse_unsafe_names(archive: zipfile.ZipFile, where: str) -> None:
    """Refuse an archive with a member that leads out of its folder, or that is a link.

    Raises:
        UserError: naming the member.
    """
    for info in archive.infolist():
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        absolute = parts[:1] == ("/",) or PureWindowsPath(info.filename).drive
        if absolute or ".." in parts:
            raise UserError(
                f"{where} holds the name {info.filename!r}, which leads out of its folder: "
                f"do not unpack it; {AGAIN} from its publisher"
            )
        if stat.S_ISLNK(info.external_attr >> 16):
            raise UserError(
                f"{where} holds {info.filename!r}, a link and no file: "
                f"do not unpack it; {AGAIN} from its publisher"
            )


def member_blocks(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, limit: int = LARGEST_MEMBER
) -> Iterator[bytes]:
    """Yield the bytes of a member, never more than its header declares nor than ``limit``.

    What a header declares may be a lie: no more than a block beyond it is ever unpacked.

    Raises:
        UserError: the member is encrypted, packed by a method that could not be bounded, too large,
            damaged, or not of the size that its header declares.
    """
    where = f"{where}: {info.filename}"
    if info.flag_bits & 1:
        raise UserError(f"{where} is encrypted; {AGAIN} from its publisher")
    if info.compress_type not in READABLE:
        raise UserError(
            f"{where} is packed by a method that is not read here ({info.compress_type}); "
            "unpack the archive and give the folder"
        )
    if info.file_size > limit:
        raise UserError(f"{where} would unpack to {info.file_size} bytes; {AGAIN}")
    size = 0
    try:
        with archive.open(info) as stream:
            while block := stream.read(BLOCK):
                size += len(block)
                yield block
    except (zlib.error, EOFError, zipfile.BadZipFile, OSError) as error:
        raise UserError(f"{where} is damaged ({str(error).rstrip('.')}); {AGAIN}") from None
    if size != info.file_size:
        raise UserError(f"{where} is cut short; {AGAIN}")


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> bytes:
    """Return the bytes of a member; bounds and errors are those of :func:`member_blocks`."""
    return b"".join(member_blocks(archive, info, where))
