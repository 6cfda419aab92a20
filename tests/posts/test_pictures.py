"""posts/pictures.py: what is kept of an upload is a picture and nothing else."""

import io
import struct
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from posts import pictures


def upload(content):
    return SimpleUploadedFile("../../evil.php", content)


def image(width=40, height=20, kind="JPEG", mode="RGB", colour="red", **values):
    file = io.BytesIO()
    Image.new(mode, (width, height), colour).save(file, kind, **values)
    return file.getvalue()


def opened(prepared):
    return Image.open(io.BytesIO(prepared.read()))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_is_written_anew_under_a_name_of_its_own(kind):
    prepared = pictures.prepare(upload(image(kind=kind)))
    assert prepared.name.endswith(".webp")
    assert "evil" not in prepared.name
    assert (opened(prepared).format, opened(pictures.prepare(upload(image(kind=kind)))).size) == ("WEBP", (40, 20))


def test_a_large_picture_is_bounded():
    assert opened(pictures.prepare(upload(image(3200, 1000)))).size == (1600, 500)


def test_a_picture_is_turned_upright_and_loses_its_metadata():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x010F] = "A camera that knows where"
    content = image(exif=exif.tobytes())
    assert b"knows where" in content
    prepared = pictures.prepare(upload(content))
    assert b"knows where" not in prepared.read()
    prepared.seek(0)
    assert opened(prepared).size == (20, 40)
    prepared.seek(0)
    assert not opened(prepared).getexif()


def test_transparency_stays():
    assert opened(pictures.prepare(upload(image(kind="PNG", mode="RGBA", colour="#ff000080")))).mode == "RGBA"


def test_a_bomb_is_refused_by_its_header():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    for content in (bomb, image(8000, 5001, "PNG")):
        with pytest.raises(ValidationError, match="more than 40 million pixels"):
            pictures.prepare(upload(content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not a picture"),
        (b"GIF89a<script>alert(1)</script>", "not a picture|damaged"),
        (image(400, 400)[:-300], "damaged"),
        (image(40, 40, "TIFF"), "not a picture"),
    ],
)
def test_what_is_no_whole_picture_is_refused(content, message):
    with pytest.raises(ValidationError, match=message):
        pictures.prepare(upload(content))


def test_a_file_that_is_too_large_is_refused_unread(monkeypatch):
    monkeypatch.setattr(pictures, "MOST_BYTES", 100)
    with pytest.raises(ValidationError, match="larger than 12 MB"):
        pictures.prepare(upload(b"x" * 101))
