"""Pictures, sounds, videos and a PDF for players and browsers, each of a colour that can be recognised.

Videos are red in their first half and blue in their second, so that a picture tells whether a player has sought.
"""

import functools
import io
import pathlib
import subprocess
import tempfile

from PIL import Image

SECONDS = 12
SIZE, RATE = "320x240", 10
RED, GREEN, BLUE = (255, 0, 0), (0, 160, 0), (0, 0, 255)
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200">'
    b'<rect width="200" height="200" fill="#00a000"/></svg>'
)

# Grain makes the files so large that no player reads all of one where it can seek.
VIDEO = [
    *("-f", "lavfi", "-i", f"color=red:s={SIZE}:r={RATE}:d={SECONDS / 2}"),
    *("-f", "lavfi", "-i", f"color=blue:s={SIZE}:r={RATE}:d={SECONDS / 2}"),
    *("-f", "lavfi", "-i", f"sine=d={SECONDS}"),
    *("-filter_complex", "[0][1]concat,noise=alls=12:allf=t[v]", "-map", "[v]", "-map", "2"),
]
SOUND = ["-f", "lavfi", "-i", f"sine=d={SECONDS}"]
# The index of an mp4 comes last unless ffmpeg is told otherwise.
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "10", "-b:v", "2M", "-c:a", "aac"]
VP8 = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "10", "-b:v", "2M", "-c:a", "libopus"]
RECIPES = {"mp4": VIDEO + H264, "webm": VIDEO + VP8, "mp3": SOUND, "ogg": SOUND, "wav": SOUND}


@functools.cache
def recorded(extension):
    """A video or a sound, made by ffmpeg."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / f"media.{extension}"
        line = ["ffmpeg", "-nostdin", "-loglevel", "error", *RECIPES[extension], path]
        result = subprocess.run(line, capture_output=True, text=True, timeout=120)
        assert result.returncode == 0, result.stderr
        return path.read_bytes()


@functools.cache
def painted(kind, colour=GREEN):
    """A picture, or a page of a PDF, of one colour."""
    data = io.BytesIO()
    Image.new("RGB", (200, 200), colour).save(data, kind)
    return data.getvalue()


def is_colour(pixel, colour):
    """Whether a pixel has a colour, as exactly as codecs keep it."""
    return all(abs(channel - wanted) <= 60 for channel, wanted in zip(pixel[:3], colour))


def centre(png):
    """The pixel in the middle of a picture."""
    with Image.open(io.BytesIO(png)) as image:
        return image.convert("RGB").getpixel((image.width // 2, image.height // 2))


def share(png, colour):
    """How much of a picture has a colour, by 2,500 of its pixels."""
    with Image.open(io.BytesIO(png)) as image:
        pixels = image.convert("RGB").resize((50, 50), Image.Resampling.NEAREST).load()
    return sum(is_colour(pixels[x, y], colour) for x in range(50) for y in range(50)) / 2_500
