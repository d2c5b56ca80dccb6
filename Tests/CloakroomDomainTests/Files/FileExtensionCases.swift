/// Pairs of filename and type that are sent in good faith, by kind.
///
/// Behind a line stands who reported what is in it.
enum FileExtensionCases {
    struct Kind: Sendable {
        let why: String
        let pairs: KeyValuePairs<String, String>

        init(_ why: String, _ pairs: KeyValuePairs<String, String>) {
            self.why = why
            self.pairs = pairs
        }
    }

    static let kinds: [Kind] = [
        Self.usual, Self.unknown, Self.compressed, Self.desktops, Self.office, Self.text, Self.suffixes, Self.unagreed,
        Self.containers, Self.images, Self.oldNames, Self.generic, Self.molecules, Self.sniffed, Self.models,
    ]

    static let usual = Kind(
        "the usual type, in any case, with parameters",
        [
            "cat.png": "image/png", "cat.PNG": "IMAGE/PNG", "cat.jpg": "image/jpeg", "cat.jpeg": "image/jpg",
            "song.mp3": "audio/mpeg", "song.mp3": "audio/mp3", "film.mp4": "video/mp4", "film.mp4": "audio/mp4",
            "page.html": "text/html; charset=utf-8", "paper.pdf": "application/pdf", "sound.wav": "audio/x-wav",
            "data.json": "application/json", "voice.webm": "audio/webm;codecs=opus",
        ])

    static let unknown = Kind(
        "what is unknown contradicts nothing: no extension, one that nobody knows, a type that nobody knows",
        [
            "cat.xyz": "image/png", "cat": "image/png", ".png": "text/plain", "cat.": "image/png",
            "cat.png.xyz": "text/plain", "cat.unknown-extension": "image/png", "cat.png (1)": "audio/mpeg",
            "photo.jpg_large": "image/png", "cat.png": "image/vnd.example-unheard-of", "cat.png": "text/x-unheard-of",
            "scene.mp4": "application/vnd.example+json", "backup.png.bak": "audio/mpeg", "song.mp3.part": "video/mp4",
            "download.tmp": "image/png", "firmware.bin": "image/png", "blob.dat": "audio/mpeg",
            "w.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        ])

    static let compressed = Kind(
        "the inner type of a compressed name: Python's mimetypes gives it, with an encoding apart",
        [
            "data.csv.gz": "text/csv", "x.tar.gz": "application/x-tar",  // inveniosoftware/invenio-files-rest#199
            "x.tgz": "application/x-tar", "x.tar.bz2": "application/x-tar", "x.tar.xz": "application/x-tar",
            "x.tar.gz": "application/gzip", "x.tar.gz": "application/x-gzip", "x.tar.gz": "application/x-gtar",
            "x.tar.gz": "application/x-compressed-tar", "x.tgz": "application/gzip",  // go-gitea/gitea#2619
            "x.tgz": "application/x-compressed", "x.tbz2": "application/x-bzip2", "x.txz": "application/x-xz",
            "dump.sql.gz": "application/sql", "dump.sql.zst": "text/plain", "page.html.br": "text/html",
            "log.txt.Z": "text/plain", "paper.pdf.xz": "application/pdf", "data.json.lz4": "application/json",
            "scan.nii.gz": "application/gzip", "scan.nii.gz": "application/x-nifti", "picture.svgz": "image/svg+xml",
            "picture.svgz": "application/gzip", "access.log.1.gz": "text/plain", "a.jsonl.gz": "application/x-ndjson",
            "x.tar.zst": "application/zstd", "x.tar.zst": "application/x-tar", "data.CSV.GZ": "text/csv",
            "a.unheard-of.gz": "image/png", "data.csv.gz": "application/octet-stream", "data.csv.gz.gz": "text/csv",
        ])

    static let desktops = Kind(
        "what the databases of desktops say",
        [
            "a.opus": "audio/x-opus+ogg", "a.oga": "video/ogg",  // medoc92/upmpdcli#39, threema-ch/threema-web#396
            "a.ogg": "audio/x-vorbis+ogg", "a.ogg": "video/x-theora+ogg", "a.ogv": "video/x-ogm+ogg",
            "a.spx": "audio/x-speex+ogg", "a.flac": "audio/x-flac", "a.svg": "image/svg+xml-compressed",
            "a.mkv": "video/x-matroska", "a.mka": "audio/x-matroska", "a.py": "text/x-python3",
            "a.py": "application/x-executable", "a.jar": "application/x-java-archive", "a.dng": "image/x-adobe-dng",
            "a.nef": "image/x-nikon-nef", "a.cr2": "image/tiff", "a.iso": "application/x-cd-image",
            "a.deb": "application/x-deb", "a.md": "text/x-markdown", "a.po": "text/x-gettext-translation",
            "a.desktop": "application/x-desktop", "a.cbz": "application/vnd.comicbook+zip",
        ])

    static let office = Kind(
        "office suites, Windows' registry, sniffers that see the container",
        [
            "a.docx": "application/wps-office.docx", "a.doc": "application/wps-office.doc",  // langgenius/dify#9992
            "a.docx": "application/msword", "a.docx": "application/zip", "a.docx": "application/x-zip-compressed",
            "a.docx": "application/vnd.google-apps.document", "a.docx": "application/haansoftdocx",
            "a.xlsx": "application/vnd.ms-excel", "a.xlsx": "application/wps-office.xlsx",  // THU-MAIC/OpenMAIC#1498
            "a.xlsx": "application/zip", "a.xlsx": "application/x-ole-storage", "a.xlsx": "application/encrypted",
            "a.pptx": "application/vnd.ms-powerpoint", "a.pptx": "application/wps-office.pptx",
            "a.pptx": "application/zip", "a.pptx": "application/CDFV2-encrypted",
            "a.doc": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "a.doc": "application/CDFV2", "a.doc": "application/x-ole-storage", "a.doc": "application/vnd.ms-office",
            "a.doc": "text/rtf", "a.doc": "text/html", "a.xls": "text/html",  // ONLYOFFICE/DocumentServer#1832
            "a.xls": "text/plain", "a.xls": "application/vnd.ms-office",  // scinote-eln/scinote-web#137
            "a.xls": "application/msexcel", "a.xls": "application/msword", "a.ppt": "application/vnd.ms-office",
            "a.csv": "application/vnd.ms-excel", "a.csv": "text/plain",  // n8n-io/n8n#17704
            "a.csv": "text/comma-separated-values", "a.csv": "application/csv", "a.csv": "text/x-csv",
            "a.rtf": "application/msword", "a.rtf": "text/rtf", "a.rtf": "text/richtext",  // bcgov/mds#570
            "a.zip": "application/x-zip-compressed", "a.zip": "application/x-compressed",  // mdn/content#13409
            "a.js": "text/plain", "a.mid": "audio/mid", "a.ts": "video/vnd.dlna.mpeg-tts",
            "a.aac": "audio/vnd.dlna.adts", "a.stl": "application/vnd.ms-pki.stl", "a.msi": "application/x-msdownload",
            "a.msi": "application/x-ole-storage", "a.exe": "application/x-dosexec", "a.mht": "message/rfc822",
            "a.odt": "application/zip", "a.odt": "application/x-vnd.oasis.opendocument.text",
            "a.pages": "application/x-iwork-pages-sffpages", "a.key": "application/zip",
            "a.vsdx": "application/vnd.visio",
        ])

    static let text = Kind(
        "text is text, both ways",
        [
            "a.js": "text/plain", "a.html": "text/plain", "a.xml": "text/plain",  // python/cpython#88141
            "a.txt": "text/x-shellscript", "a.txt": "text/html",  // ietf-tools/datatracker#4453
            "a.txt": "application/json", "a.log": "text/x-log", "a.md": "text/plain", "a.css": "text/plain",
            "a.json": "text/plain", "a.yaml": "text/plain", "a.yaml": "application/x-yaml", "a.toml": "text/plain",
            "a.toml": "application/toml", "a.py": "text/x-script.python", "a.py": "text/plain", "a.c": "text/x-c",
            "a.h": "text/x-c++", "a.java": "text/x-java", "a.swift": "text/plain", "a.rs": "text/plain",
            "a.go": "text/x-go", "a.sh": "text/x-shellscript", "a.sh": "application/x-sh", "a.sh": "text/plain",
            "a.sql": "text/plain", "a.php": "text/x-php", "a.php": "application/x-httpd-php", "a.svg": "text/plain",
            "a.svg": "text/html", "a.svg": "text/xml", "a.srt": "text/plain", "a.vtt": "text/plain",
            "a.pem": "text/plain", "a.key": "text/plain", "a.crt": "application/x-x509-ca-cert",
            "a.asc": "application/pgp-signature", "a.tex": "text/x-tex", "a.ics": "text/plain", "a.vcf": "text/x-vcard",
            "a.eml": "text/plain", "a.ts": "text/typescript", "a.ts": "application/typescript", "a.ts": "text/plain",
            "a.tsx": "text/plain", "a.mjs": "application/javascript", "a.ipynb": "text/plain",
            "a.ipynb": "application/json", "a.m3u8": "text/plain", "a.bat": "text/x-msdos-batch", "a.ply": "text/plain",
            "a.stl": "text/plain", "a.obj": "text/plain", "a.eps": "text/plain", "a.ppm": "text/plain",
            "a.cfg": "text/plain",
        ])

    static let suffixes = Kind(
        "structured suffixes: what JSON, XML and zip files may be",
        [
            "map.json": "application/geo+json",  // GeoNode/geonode-mapstore-client#1305
            "feed.xml": "application/atom+xml", "feed.xml": "application/rss+xml",  // neocities/neocities#304
            "a.json": "application/ld+json", "a.json": "application/vnd.api+json", "a.json": "application/schema+json",
            "a.json": "application/manifest+json", "a.geojson": "application/json", "a.gltf": "application/json",
            "a.xml": "image/svg+xml", "a.xml": "application/xhtml+xml", "a.kml": "text/xml", "a.gpx": "application/xml",
            "a.rss": "application/xml", "a.dae": "application/xml", "a.xsl": "text/xml", "a.xhtml": "text/html",
            "a.epub": "application/zip", "a.zip": "application/epub+zip", "a.usdz": "model/vnd.usdz+zip",
            "a.kmz": "application/zip", "a.webmanifest": "application/json", "a.har": "application/json",
        ])

    static let unagreed = Kind(
        "no agreed name",
        [
            "a.jsonl": "application/jsonl", "a.jsonl": "application/x-ndjson",  // google-gemini/cookbook#1008
            "a.jsonl": "application/x-jsonlines", "a.jsonl": "application/jsonlines", "a.jsonl": "text/jsonl",
            "a.jsonl": "application/json", "a.jsonl": "application/json-lines", "a.jsonl": "text/plain",
            "a.ndjson": "application/x-ndjson", "a.ndjson": "application/json", "a.md": "text/x-web-markdown",
            "a.parquet": "application/vnd.apache.parquet", "a.parquet": "application/x-parquet",
            "a.npy": "application/x-numpy-data", "a.npz": "application/zip", "a.h5": "application/x-hdf5",
            "a.safetensors": "application/zip", "a.gguf": "application/x-gguf", "a.onnx": "application/x-onnx",
            "a.pt": "application/zip", "a.ckpt": "application/zip", "a.pkl": "application/x-pickle",
            "a.yml": "text/yaml", "a.sqlite": "application/x-sqlite3", "a.wasm": "application/x-wasm",
        ])

    static let containers = Kind(
        "one container, many names",
        [
            "a.mov": "video/mp4", "a.mp4": "video/quicktime", "a.m4v": "video/x-m4v",  // expo/expo#42889
            "a.m4v": "video/quicktime", "a.m4a": "video/mp4", "a.m4a": "audio/x-m4a", "a.m4a": "audio/mp4a-latm",
            "a.mp4": "audio/x-m4a", "a.mp4": "video/x-m4v", "a.mov": "audio/mp4", "a.m4a": "audio/aac",
            "a.m4a": "audio/mpeg",  // Android: fluttercommunity/flutter_uploader#244
            "a.m4b": "audio/mp4", "a.3gp": "video/3gpp", "a.3gp": "audio/3gpp", "a.3gp": "video/mp4",
            "a.3ga": "audio/3gpp", "a.amr": "audio/3gpp", "a.aac": "audio/mp4", "a.aac": "audio/x-hx-aac-adts",
            "a.mkv": "video/webm", "a.webm": "video/x-matroska",  // uploadcare/uploadcare-widget#542
            "a.weba": "video/webm", "a.webm": "audio/webm", "a.mkv": "video/x-matroska;codecs=avc1,opus",
            "a.mka": "video/x-matroska", "a.mpeg": "audio/mpeg", "a.mpg": "video/mp2t", "a.ts": "video/mp2t",
            "a.mts": "video/mp2t", "a.m2ts": "video/MP2T", "a.vob": "video/mpeg", "a.mp2": "video/mpeg",
            "a.ogg": "video/ogg", "a.ogg": "application/ogg", "a.opus": "audio/ogg", "a.ogv": "audio/ogg",
            "a.wma": "video/x-ms-asf", "a.wmv": "audio/x-ms-wma", "a.wmv": "video/x-ms-asf", "a.asf": "video/x-ms-wmv",
            "a.flv": "video/mp4", "a.avi": "video/avi", "a.avi": "video/vnd.avi", "a.wav": "audio/wave",
            "a.wav": "audio/vnd.wave", "a.aif": "audio/aiff", "a.aifc": "audio/x-aiff", "a.mid": "audio/x-midi",
            "a.m3u8": "audio/x-mpegurl", "a.mp3": "audio/x-mpeg-3", "a.mp3": "audio/mpg", "a.jp2": "image/jpx",
            "a.mj2": "video/mj2",
        ])

    static let images = Kind(
        "images of phones and cameras",
        [
            "a.heic": "image/heif", "a.heif": "image/heic", "a.heic": "image/heic-sequence",
            "a.heif": "image/heif-sequence", "a.hif": "image/heif", "a.avif": "image/heif",
            "a.heic": "image/jpeg",  // instructure/canvas-lms#1206, haiwen/seafile-iOS#358
            "a.jpg": "image/heic",  // Esri/data-collection-ios#184
            "a.jpg": "image/pjpeg", "a.jfif": "image/jpeg", "a.jpe": "image/jpeg", "a.png": "image/apng",
            "a.dng": "image/tiff", "a.arw": "image/x-sony-arw", "a.raf": "image/x-fuji-raf",
            "a.cr3": "image/x-canon-cr3", "a.tif": "image/tiff", "a.bmp": "image/x-ms-bmp", "a.ico": "image/x-icon",
            "a.cur": "image/vnd.microsoft.icon", "a.svg": "image/svg", "a.psd": "application/x-photoshop",
            "a.psd": "image/vnd.adobe.photoshop", "a.ai": "application/pdf", "a.ai": "application/postscript",
            "a.eps": "image/x-eps", "a.emf": "image/x-emf", "a.djvu": "image/x-djvu", "a.jxr": "image/vnd.ms-photo",
        ])

    static let oldNames = Kind(
        "old names, and those of vendors",
        [
            "a.zip": "application/x-zip", "a.pdf": "application/force-download",  // appwrite/appwrite#5848
            "a.jpg": "image/x-citrix-jpeg", "a.png": "image/x-citrix-png",  // mysociety/fixmystreet#5967
            "a.aac": "audio/x-hx-aac-adts", "a.aac": "audio/x-aac", "a.aac": "audio/aacp", "a.pdf": "application/x-pdf",
            "a.pdf": "application/acrobat", "a.pdf": "image/pdf", "a.pdf": "text/pdf",
            "a.pdf": "application/x-download", "a.gz": "application/x-gzip", "a.gz": "application/gzip-compressed",
            "a.rar": "application/x-rar-compressed", "a.rar": "application/x-rar", "a.rar": "application/vnd.rar",
            "a.bz2": "application/x-bzip", "a.png": "image/x-png", "a.bmp": "image/x-windows-bmp",
            "a.gif": "image/x-citrix-gif", "a.woff": "application/font-woff", "a.woff": "application/x-font-woff",
            "a.ttf": "application/x-font-ttf", "a.ttf": "font/sfnt", "a.otf": "application/vnd.ms-opentype",
            "a.ttf": "application/font-sfnt", "a.js": "application/x-javascript", "a.js": "text/ecmascript",
            "a.json": "text/json", "a.ics": "application/ics", "a.swf": "application/x-shockwave-flash",
            "a.mp3": "audio/x-mp3", "a.wav": "audio/x-pn-wav", "a.flac": "application/x-flac",
            "a.ra": "audio/x-realaudio", "a.xls": "application/x-excel", "a.ppt": "application/mspowerpoint",
            "a.doc": "application/doc",
        ])

    static let generic = Kind(
        "bytes that nobody described: aws/aws-sdk-java#1082",
        [
            "a.png": "application/octet-stream", "a.png": "binary/octet-stream", "a.mp4": "Binary/Octet-Stream",
            "a.zip": "application/octet-stream;charset=binary", "a.tar.gz": "binary/octet-stream",
        ])

    static let molecules = Kind(
        "molecules and proteins, by Debian's names, and as text",
        [
            "a.pdb": "chemical/x-pdb", "a.pdb": "text/plain", "a.ent": "chemical/x-pdb", "a.cif": "chemical/x-cif",
            "a.cif": "text/plain", "a.mol": "chemical/x-mdl-molfile", "a.sdf": "chemical/x-mdl-sdfile",
            "a.cml": "chemical/x-cml", "a.xyz": "chemical/x-xyz", "a.jdx": "chemical/x-jcamp-dx",
            "a.mcif": "chemical/x-mmcif", "a.txt": "chemical/x-pdb", "a.pdb": "application/vnd.palm",
        ])

    static let sniffed = Kind(
        "what libmagic prints: the container, or the text",
        [
            "a.apk": "application/zip", "a.apk": "application/java-archive", "a.jar": "application/zip",
            "a.xpi": "application/zip", "a.whl": "application/zip", "a.ipa": "application/zip",
            "a.dmg": "application/zlib", "a.dmg": "application/x-bzip2", "a.deb": "application/x-archive",
            "a.sqlite": "application/vnd.sqlite3", "a.pub": "text/plain", "a.gpg": "application/pgp-keys",
            "a.exe": "application/vnd.microsoft.portable-executable", "a.so": "application/x-sharedlib",
            "a.pyc": "application/x-bytecode.python", "a.class": "application/x-java-applet",
            "a.otf": "application/vnd.ms-opentype", "a.ico": "image/png", "a.webp": "image/webp",
            "a.wasm": "application/wasm", "a.blend": "application/gzip", "a.sketch": "application/zip",
            "a.swf": "application/x-shockwave-flash", "a.ods": "application/zip", "a.psd": "image/vnd.adobe.photoshop",
            "a.url": "text/plain", "a.reg": "text/x-ms-regedit", "a.torrent": "application/x-bittorrent",
        ])

    static let models = Kind(
        "models in three dimensions, and fonts",
        [
            "a.glb": "model/gltf-binary", "a.gltf": "model/gltf+json", "a.gltf": "application/json",
            "a.obj": "model/obj", "a.obj": "application/x-tgif", "a.stl": "model/stl", "a.stl": "application/sla",
            "a.usdz": "application/zip", "a.usdz": "model/vnd.pixar.usd", "a.3mf": "application/zip",
            "a.ply": "application/ply", "a.step": "model/step", "a.stp": "application/step", "a.dxf": "image/vnd.dxf",
            "a.dxf": "application/dxf", "a.fbx": "application/octet-stream", "a.wrl": "model/vrml",
            "a.woff2": "font/woff2", "a.woff2": "application/font-woff2", "a.ttc": "font/collection",
        ])
}
