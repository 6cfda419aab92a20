"""Uploaded images: decoded, bounded and written anew, so that what is kept is a picture and nothing else."""

import hashlib
import io

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

MOST_BYTES = 12 * 1024 * 1024
MOST_PIXELS = 40_000_000
WIDEST = 1600
TOO_MANY_PIXELS = _("The picture has more than 40 million pixels. Please make it smaller first.")
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


def prepare(upload: File) -> ContentFile:
    """`upload` as a WebP at most 1600 pixels wide or high, upright, without metadata, named by its content.

    Refused with a `ValidationError` when it is too large, not a picture of a known kind, or cannot be read whole. The
    number of pixels is read from the header and refused before any of them is decoded.
    """
    if (upload.size or 0) > MOST_BYTES:
        raise ValidationError(_("The file is larger than 12 MB. Please make it smaller first."))
    upload.seek(0)
    content = upload.read()
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as header:
            pixels = header.width * header.height
            header.verify()
        if pixels > MOST_PIXELS:
            raise ValidationError(TOO_MANY_PIXELS)
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            upright = ImageOps.exif_transpose(picture)
            bare = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except UnidentifiedImageError:
        raise ValidationError(_("This is not a picture that can be read. Use JPEG, PNG, WebP or GIF.")) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValidationError(TOO_MANY_PIXELS) from None
    except (OSError, ValueError, SyntaxError):
        raise ValidationError(_("The picture is damaged and cannot be read to its end.")) from None
    bare.thumbnail((WIDEST, WIDEST), Image.Resampling.LANCZOS)
    bare.info = {}
    written = io.BytesIO()
    bare.save(written, "WEBP", quality=82, method=4)
    digest = hashlib.sha256(written.getvalue()).hexdigest()[:20]
    return ContentFile(written.getvalue(), name=f"{digest}.webp")
