"""The frames of two record formats, written as their descriptions say, apart from the code that reads them."""

import struct

MAGIC = b"\x0a\x23\xd7\xce"


def recordio(data: bytes) -> bytes:
    """Return one RecordIO record, in parts where it holds the magic word itself."""
    parts = data.split(MAGIC)
    framed = b""
    for number, part in enumerate(parts):
        flag = 0 if len(parts) == 1 else 1 if number == 0 else 3 if number == len(parts) - 1 else 2
        framed += MAGIC + struct.pack("<I", flag << 29 | len(part)) + part + b"\0" * (-len(part) % 4)
    return framed


def crc32c(data: bytes) -> int:
    """Return CRC-32C by its polynomial, most significant bit first."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= int(f"{byte:08b}"[::-1], 2) << 24
        for _ in range(8):
            register = (register << 1 ^ (0x1EDC6F41 if register >> 31 else 0)) & 0xFFFFFFFF
    return int(f"{register:032b}"[::-1], 2) ^ 0xFFFFFFFF


def tfrecord(data: bytes) -> bytes:
    """Return one TFRecord."""
    length = struct.pack("<Q", len(data))

    def masked(part: bytes) -> bytes:
        crc = crc32c(part)
        return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)

    return length + masked(length) + data + masked(data)
