"""Text decoding: BOM, strict UTF-8, GB18030; UTF-16 with or without BOM. Always of the whole file.

Blocks are handed on as UTF-8 bytes that end at line breaks. A line break is LF, CR or CRLF.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from records.readers import limits
from records.readers.limits import MAX_LINE_BYTES
from records.readers.model import refused
from records.readers.source import ByteSource

_ASCII = bytes(range(0x80))
_LONG_SEQUENCES = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
# This many bytes beyond one a character, with no error before, are no accident: the text is UTF-8.
_SURELY_UTF8 = 64
_HEAD_BYTES = 65_536


class LineCounter:
    """Counts line breaks independently of any parser: LF, CR and CRLF, over chunks as they come."""

    def __init__(self) -> None:
        self._breaks = 0
        self._last = ""
        self._has_text = False

    def feed(self, chunk: bytes | str) -> None:
        """Count one chunk; bytes of an encoding in which CR and LF stand for nothing else."""
        if not chunk:
            return
        if isinstance(chunk, bytes):
            breaks = chunk.count(b"\n")
            if b"\r" in chunk:
                breaks += chunk.count(b"\r") - chunk.count(b"\r\n")
            first, last = chr(chunk[0]), chr(chunk[-1])
        else:
            breaks = chunk.count("\n") + chunk.count("\r") - chunk.count("\r\n")
            first, last = chunk[0], chunk[-1]
        self._breaks += breaks - (self._last == "\r" and first == "\n")
        self._last = last
        self._has_text = True

    @property
    def lines(self) -> int:
        """Physical lines: breaks, and one more where the text does not end in a break."""
        return self._breaks + (self._has_text and self._last not in "\r\n")


def detect_encoding(source: ByteSource, *, has_lines: bool = False) -> str:
    """The encoding of the whole file, as Python names it.

    UTF-8 is proved over the whole file here; GB18030 and UTF-16 are proved while the text is read.

    Args:
        source: the file.
        has_lines: whether a line too long refuses the file, so that what follows it need not be read.

    Raises:
        InputRefused: `file_undecodable`: a BOM or almost all of the text says UTF-8, and it is not;
            `limit_exceeded`.
    """
    head = source.head(_HEAD_BYTES)
    if head.startswith(codecs.BOM_UTF8):
        _check_utf8(source, has_bom=True, has_lines=has_lines)
        return "utf-8-sig"
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    if (utf16 := _utf16_without_bom(head)) is not None:
        return utf16
    return "utf-8" if _check_utf8(source, has_bom=False, has_lines=has_lines) else "gb18030"


def _check_utf8(source: ByteSource, *, has_bom: bool, has_lines: bool) -> bool:
    """Whether the file is UTF-8; refuses one that is UTF-8 but for a few bytes."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    offset = surplus = open_line = 0
    chunk = b""
    try:
        for chunk in source.chunks():
            if has_lines:
                last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
                open_line = len(chunk) - last - 1 if last >= 0 else open_line + len(chunk)
                _check_line(source, open_line)
            surplus += len(chunk) - len(decoder.decode(chunk))
            offset += len(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        # Chinese text in UTF-8 is made of 3-byte sequences, which GB18030 text hardly ever forms: such a
        # text with a broken byte would come out of GB18030 as other characters, without an error.
        foreign = len(chunk.translate(None, _ASCII))
        well_formed = sum(map(len, _LONG_SEQUENCES.findall(chunk)))
        if has_bom or surplus > _SURELY_UTF8 or well_formed * 2 > foreign:
            message = f"not valid UTF-8 near byte {offset + error.start:,}"
            raise refused(source.name, "file_undecodable", message) from error
        return False
    return True


def _check_line(source: ByteSource, size: int) -> None:
    if size > MAX_LINE_BYTES:
        raise refused(source.name, "limit_exceeded", f"a line of more than {MAX_LINE_BYTES:,} bytes")


def _utf16_without_bom(head: bytes) -> str | None:
    """UTF-16 by its zero bytes, which no other text has.

    Every 200th byte at least, and line breaks or delimiters that are characters of their own.
    """
    if head.count(0) * 200 < len(head) or not head.count(0):
        return None
    scores: dict[str, int] = {}
    for encoding in ("utf-16-le", "utf-16-be"):
        text = head[: len(head) & ~1].decode(encoding, "replace")
        # Zero bytes in pairs are padding in some other text.
        marks = 0 if "\0" in text else sum(text.count(mark) for mark in ',;\t\n\r"{}:')
        scores[encoding] = marks
    best = max(scores, key=lambda encoding: scores[encoding])
    return best if scores[best] > 2 * min(scores.values()) else None


def utf8_blocks(source: ByteSource, encoding: str, counter: LineCounter | None = None) -> Iterator[bytes]:
    """The text as UTF-8 without BOM, in blocks that end at a line break (the last one may not).

    Args:
        source: the file.
        encoding: from `detect_encoding`.
        counter: is fed the text before any parser sees it.

    Raises:
        InputRefused: `file_undecodable`, `limit_exceeded` (a line too long), or what `source` raises.
    """
    carry = b""
    for chunk in _utf8_chunks(source, encoding, counter):
        block = carry + chunk
        # A CR at the very end may be half of a CRLF.
        cut = max(block.rfind(b"\n"), block.rfind(b"\r", 0, len(block) - 1)) + 1
        carry = block[cut:]
        _check_line(source, len(carry))
        if cut:
            yield block[:cut]
    if carry:
        yield carry


def texts(source: ByteSource, encoding: str) -> Iterator[str]:
    """The text without BOM, cut anywhere.

    Args:
        source: the file.
        encoding: from `detect_encoding`.

    Raises:
        InputRefused: `file_undecodable`, or what `source` raises.
    """
    codec = "utf-8" if encoding == "utf-8-sig" else encoding
    is_first = True
    for text, _ in _decoded(source, codecs.getincrementaldecoder(codec)("strict")):
        if text:
            yield text.removeprefix("\ufeff") if is_first else text
            is_first = False


def _utf8_chunks(source: ByteSource, encoding: str, counter: LineCounter | None) -> Iterator[bytes]:
    is_first = True
    if encoding in ("utf-8", "utf-8-sig"):
        for chunk in source.chunks():
            if is_first and encoding == "utf-8-sig":
                chunk = chunk.removeprefix(codecs.BOM_UTF8)
            is_first = False
            if counter is not None:
                counter.feed(chunk)
            yield chunk
        return
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    is_wide = encoding.startswith("utf-16")
    for text, raw in _decoded(source, decoder):
        if is_first:
            text = text.removeprefix("\ufeff")
            is_first = not text
        if counter is not None:
            # In GB18030 no byte of a longer sequence is a CR or LF, so the raw bytes can be counted.
            counter.feed(text if is_wide else raw)
        yield _encoded(text, source.name)


def _decoded(source: ByteSource, decoder: codecs.IncrementalDecoder) -> Iterator[tuple[str, bytes]]:
    offset = 0
    try:
        for chunk in source.chunks(limits.BLOCK_BYTES // 2):
            yield decoder.decode(chunk), chunk
            offset += len(chunk)
        yield decoder.decode(b"", final=True), b""
    except UnicodeDecodeError as error:
        message = f"neither UTF-8 nor {error.encoding.upper()}: unreadable near byte {offset + error.start:,}"
        raise refused(source.name, "file_undecodable", message) from error


def _encoded(text: str, name: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise refused(name, "file_undecodable", "half of a surrogate pair in the text") from error
