"""Names and types as clients of the field send them, by kind, and the pairs that this machine's registries know."""

import collections
import pathlib

# By the kinds of the contract; in brackets the public reports.
KINDS = {
    # [inveniosoftware/invenio-files-rest#199, go-gitea/gitea#2619]
    "the inner type of a compressed name": """
        data.csv.gz text/csv | data.csv.gz application/gzip | x.tar.gz application/x-tar | x.tar.gz application/x-gzip
        x.tgz application/x-tar | x.tgz application/x-compressed | x.tar.bz2 application/x-tar
        x.tar.xz application/x-xz | dump.sql.zst application/sql | page.html.br text/html | log.txt.Z text/plain
        picture.svgz image/svg+xml | access.log.1.gz text/plain | a.unheard-of.gz image/png
        scan.nii.gz application/gzip
    """,
    # [medoc92/upmpdcli#39, threema-ch/threema-web#396]
    "desktop databases": """
        a.opus audio/x-opus+ogg | a.oga video/ogg | a.ogg audio/x-vorbis+ogg | a.mkv video/x-matroska
        a.svg image/svg+xml-compressed | a.py text/x-python3 | a.py application/x-executable | a.dng image/x-adobe-dng
        a.nef image/x-nikon-nef | a.deb application/x-deb | a.iso application/x-cd-image
    """,
    # [langgenius/dify#9992, THU-MAIC/OpenMAIC#1498, n8n-io/n8n#17704, scinote-eln/scinote-web#137, mdn/content#13409]
    "office suites, Windows' registries, sniffers": """
        a.docx application/wps-office.docx | a.docx application/zip | a.docx application/msword
        a.docx application/x-zip-compressed | a.docx application/CDFV2-encrypted | a.xlsx application/vnd.ms-excel
        a.xlsx application/wps-office.xlsx | a.xlsx application/octet-stream | a.pptx application/vnd.ms-powerpoint
        a.doc application/CDFV2 | a.doc application/vnd.ms-office | a.doc text/rtf | a.xls text/html
        a.xls text/plain | a.xls application/x-ole-storage | a.csv application/vnd.ms-excel
        a.csv text/comma-separated-values | a.csv application/csv | a.rtf application/msword
        a.zip application/x-zip-compressed | a.exe application/x-msdownload | a.msi application/x-ole-storage
        a.apk application/zip | a.epub application/zip | a.odt application/zip | a.dmg application/zlib
        a.mid audio/mid | a.aac audio/vnd.dlna.adts | a.ts video/vnd.dlna.mpeg-tts
    """,
    # [python/cpython#88141, ietf-tools/datatracker#4453]
    "text is text": """
        a.js text/plain | a.html text/plain | a.xml text/plain | a.txt text/x-shellscript | a.txt text/html
        a.md text/plain | a.log text/x-log | a.json text/plain | a.yaml text/plain | a.py text/x-script.python
        a.c text/x-c | a.svg text/plain | a.svg text/html | a.pem text/plain | a.srt text/plain | a.ts text/typescript
        a.stl text/plain | a.sh text/plain
    """,
    # [GeoNode/geonode-mapstore-client#1305, neocities/neocities#304]
    "structured suffixes": """
        map.json application/geo+json | feed.xml application/atom+xml | feed.xml application/rss+xml
        a.json application/ld+json | a.geojson application/json | a.gltf application/json | a.xml image/svg+xml
        a.kml text/xml | a.usdz application/zip | a.json application/vnd.unheard-of+json
        a.xml application/vnd.unheard-of+xml
    """,
    # [google-gemini/cookbook#1008]
    "no agreed name": """
        a.jsonl application/jsonl | a.jsonl application/x-ndjson | a.jsonl application/x-jsonlines
        a.jsonl application/json | a.jsonl text/plain | a.jsonl text/jsonl | a.parquet application/x-parquet
        a.npy application/x-numpy-data | a.gguf application/x-gguf | a.safetensors application/zip
        a.pt application/zip | a.md text/x-web-markdown
    """,
    # [expo/expo#42889, uploadcare/uploadcare-widget#542, fluttercommunity/flutter_uploader#244]
    "one container, many names": """
        a.mov video/mp4 | a.mov audio/mp4 | a.mp4 video/quicktime | a.mp4 audio/x-m4a | a.m4v video/mp4
        a.m4v video/quicktime | a.m4a video/mp4 | a.m4a audio/mpeg | a.3gp audio/3gpp | a.3gp video/3gpp
        a.mkv video/webm | a.weba video/webm | a.webm video/x-matroska;codecs=avc1,opus | a.mpeg audio/mpeg
        a.heic image/heif | a.heic image/heic-sequence | a.heif image/heif-sequence | a.avif image/heif
        a.wma video/x-ms-asf | a.ogg video/ogg | a.m2ts video/MP2T | a.heic image/jpeg
    """,
    # [appwrite/appwrite#5848, mysociety/fixmystreet#5967]
    "old and vendor names": """
        a.zip application/x-zip | a.pdf application/force-download | a.jpg image/x-citrix-jpeg
        a.png image/x-citrix-png | a.aac audio/x-hx-aac-adts | a.pdf application/x-pdf | a.pdf application/acrobat
        a.rar application/x-rar-compressed | a.woff application/font-woff | a.ttf application/x-font-ttf
        a.js application/x-javascript | a.bmp image/x-windows-bmp | a.flac application/x-flac | a.wav audio/x-pn-wav
        a.ico image/x-icon | a.psd application/x-photoshop
    """,
    # [aws/aws-sdk-java#1082]
    "S3's default": "a.png binary/octet-stream | a.tar.gz Binary/Octet-Stream | a binary/octet-stream",
    "molecules": """
        a.pdb chemical/x-pdb | a.cif chemical/x-cif | a.mol chemical/x-mdl-molfile | a.sdf chemical/x-mdl-sdfile
        a.xyz chemical/x-xyz | a.pdb text/plain | a chemical/x-mmcif | a.bin chemical/x-pdb
    """,
    "what nobody knows": """
        a.unheard-of image/png | a.png image/vnd.unheard-of | a image/png | .png text/plain
        photo.jpg_large image/png | photo.png.bak audio/mpeg | song.mp3.part video/mp4 | a.xyz image/png
        a.bin image/png
    """,
}  # fmt: skip

MISTAKES = """
    photo.png audio/mp3 | photo.png image/jpeg | photo.png image/gif | photo.png image/webp | photo.png text/html
    photo.png image/svg+xml | photo.png application/zip | photo.png application/pdf | photo.png video/mp4
    photo.jpg image/png | photo.jpg image/gif | photo.jpg image/webp | photo.jpg audio/mpeg | photo.jpg text/plain
    photo.gif image/png | photo.gif video/mp4 | photo.webp image/jpeg | photo.webp audio/wav | photo.heic image/png
    clip.mp4 image/png | clip.mp4 application/zip | clip.mp4 application/pdf | clip.mp4 video/webm
    clip.mp4 audio/mpeg | clip.webm video/mp4 | clip.avi audio/wav | clip.mov image/jpeg | song.mp3 image/png
    song.mp3 video/mp4 | song.mp3 application/pdf | song.wav audio/mpeg | song.flac audio/mpeg | song.ogg audio/mpeg
    doc.pdf image/png | doc.pdf video/mp4 | doc.pdf text/html | doc.pdf text/plain | doc.pdf application/zip
    doc.docx application/pdf | doc.docx image/png | table.xlsx text/csv | table.csv application/pdf
    table.csv image/png | page.html image/png | page.html application/pdf | notes.txt image/png | notes.txt audio/mpeg
    notes.txt application/zip | a.zip image/png | a.zip text/plain | a.7z application/zip | a.tar.gz image/png
    data.csv.gz image/png | data.csv.gz application/zip | font.woff2 text/css | model.glb image/png | a.json image/png
    a.sqlite application/zip | molecule.pdb image/png
"""  # fmt: skip

# No types at all, or with a top-level type that is not registered.
NO_TYPES = [
    "jsonl", "image/*", "; charset=binary", "", "image", "image/", "*/*", "x-world/x-vrml", "inode/x-empty", "binary/x",
    "chemical/x-unheard-of", "music/midi", "image/png,image/gif", "text/plain;charset=utf-8,text/html",
]  # fmt: skip

MIME = pathlib.Path("/usr/share/mime")


def pairs(text):
    return [tuple(pair.split(None, 1)) for line in text.strip().splitlines() for pair in line.strip().split(" | ")]


def registry_pairs():
    """Every glob of shared-mime-info with every alias, parent and child of its types, and Debian's list beside it."""
    columns = {name: [line.split() for line in _lines(name)] for name in ("aliases", "subclasses")}
    aliases, parents, children = (collections.defaultdict(set) for _ in range(3))
    for alias, name in columns["aliases"]:
        aliases[name].add(alias)
    for child, parent in columns["subclasses"]:
        parents[child].add(parent)
        children[parent].add(child)
    found = set()
    for line in _lines("globs2"):
        _, name, pattern = line.split(":")[:3]
        if pattern.startswith("*.") and not set(pattern[2:]) & set("*?["):
            related = {name} | parents[name] | children[name]
            for other in related | set().union(*(aliases[other] for other in related)):
                found.add((f"a{pattern[1:]}", other))
    for line in pathlib.Path("/etc/mime.types").read_text().splitlines():
        name, *extensions = line.partition("#")[0].split() or [""]
        found.update((f"a.{extension}", name) for extension in extensions)
    return sorted(found)


def _lines(name):
    return [line for line in (MIME / name).read_text().splitlines() if line and not line.startswith("#")]
