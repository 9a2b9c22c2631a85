"""Writes Outlook messages: a compound file (MS-CFB) with the streams that MS-OXMSG names."""

import struct
from collections.abc import Mapping

Tree = Mapping[str, "bytes | Tree"]

_SECTOR, _MINI, _FREE, _END = 512, 64, 0xFFFFFFFF, 0xFFFFFFFE


def message(
    *,
    subject: str,
    body: str = "",
    html: bytes = b"",
    sender: tuple[str, str] = ("", ""),
    to: str = "",
    headers: str = "",
    attachments: Mapping[str, bytes] | None = None,
) -> bytes:
    """Return an Outlook message as bytes."""
    texts = {
        "001A": "IPM.Note", "0037": subject, "1000": body, "0C1A": sender[0], "5D01": sender[1], "0C1F": sender[1],
        "0E04": to, "007D": headers,
    }  # fmt: skip
    tree: dict[str, bytes | Tree] = _texts(texts)
    if html:
        tree["__substg1.0_10130102"] = html
    tree["__properties_version1.0"] = bytes(32)
    for number, (name, data) in enumerate((attachments or {}).items()):
        tree[f"__attach_version1.0_#{number:08X}"] = {
            **_texts({"3707": name, "3704": name}),
            "__substg1.0_37010102": data,
            "__properties_version1.0": bytes(8) + struct.pack("<HHIQ", 0x0003, 0x3705, 6, 1),
        }
    tree["__nameid_version1.0"] = {f"__substg1.0_000{n}0102": b"" for n in (2, 3, 4)}
    return compound(tree)


def _texts(texts: Mapping[str, str]) -> dict[str, "bytes | Tree"]:
    return {f"__substg1.0_{tag}001F": text.encode("utf-16-le") for tag, text in texts.items() if text}


def compound(tree: Tree) -> bytes:
    """Return a compound file with these storages and streams."""
    entries: list[list[object]] = [["Root Entry", 5, _FREE, b""]]
    siblings: dict[int, tuple[int, int]] = {}

    def add(children: Tree, parent: int) -> None:
        names = sorted(children, key=lambda name: (len(name), name.upper()))
        numbers = []
        for name in names:
            child = children[name]
            numbers.append(len(entries))
            entries.append(
                [
                    name,
                    2 if isinstance(child, bytes) else 1,
                    _FREE,
                    child if isinstance(child, bytes) else b"",
                ]
            )
            if not isinstance(child, bytes):
                add(child, numbers[-1])

        def balanced(low: int, high: int) -> int:
            if low >= high:
                return _FREE
            middle = (low + high) // 2
            siblings[numbers[middle]] = (balanced(low, middle), balanced(middle + 1, high))
            return numbers[middle]

        entries[parent][2] = balanced(0, len(numbers))

    add(tree, 0)
    sectors: list[bytes] = []
    fat: list[int] = []

    def store(data: bytes) -> int:
        if not data:
            return _END
        first = len(sectors)
        pieces = [data[at : at + _SECTOR].ljust(_SECTOR, b"\0") for at in range(0, len(data), _SECTOR)]
        sectors.extend(pieces)
        fat.extend([*range(first + 1, first + len(pieces)), _END])
        return first

    mini, mini_fat, starts = b"", list[int](), dict[int, int]()
    for number, (_, kind, _, data) in enumerate(entries):
        assert isinstance(data, bytes)
        if kind != 2:
            continue
        if len(data) >= 4096:
            starts[number] = store(data)
        elif data:
            count = -(-len(data) // _MINI)
            starts[number] = len(mini_fat)
            mini_fat += [*range(len(mini_fat) + 1, len(mini_fat) + count), _END]
            mini += data.ljust(count * _MINI, b"\0")
    mini_start, mini_fat_data = store(mini), struct.pack(f"<{len(mini_fat)}I", *mini_fat)
    mini_fat_start = store(mini_fat_data.ljust(-(-len(mini_fat_data) // _SECTOR) * _SECTOR, b"\xff"))
    directory = b""
    for number, (name, kind, child, data) in enumerate(entries):
        assert isinstance(name, str)
        assert isinstance(data, bytes)
        left, right = siblings.get(number, (_FREE, _FREE))
        start, size = (
            (mini_start, len(mini))
            if number == 0
            else (starts.get(number, _END if kind == 2 else 0), len(data))
        )
        written = name.encode("utf-16-le")
        directory += (
            written.ljust(64, b"\0") + struct.pack("<HBB", len(written) + 2, kind, 1)
            + struct.pack("<III", left, right, child) + bytes(16 + 4 + 16) + struct.pack("<IQ", start, size)
        )  # fmt: skip
    blank = bytes(68) + struct.pack("<III", _FREE, _FREE, _FREE) + bytes(48)
    directory += blank * (-len(entries) % 4)
    directory_start = store(directory)
    tables = 1
    while tables * 128 < len(fat) + tables:
        tables += 1
    fat_start = len(sectors)
    fat += [0xFFFFFFFD] * tables
    fat += [_FREE] * (tables * 128 - len(fat))
    sectors += [struct.pack("<128I", *fat[at : at + 128]) for at in range(0, len(fat), 128)]
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
        + struct.pack("<IIIIIIIII", 0, tables, directory_start, 0, 4096, mini_fat_start, -(-len(mini_fat_data) // _SECTOR), _END, 0)  # noqa: E501
        + struct.pack("<109I", *range(fat_start, fat_start + tables), *[_FREE] * (109 - tables))
    )  # fmt: skip
    return header + b"".join(sectors)
