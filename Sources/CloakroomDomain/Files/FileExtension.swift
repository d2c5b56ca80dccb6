/// What a filename's extension says about its media type, as far as it is known.
public enum FileExtension {
    /// The media types of each known extension, the usual one first; the others are aliases in use.
    private static let mediaTypes: [String: [String]] = [
        "aac": ["audio/aac", "audio/x-aac", "audio/aacp"],
        "aiff": ["audio/aiff", "audio/x-aiff"],
        "avi": ["video/x-msvideo", "video/avi", "video/msvideo", "video/vnd.avi"],
        "avif": ["image/avif"],
        "bmp": ["image/bmp", "image/x-bmp", "image/x-ms-bmp"],
        "css": ["text/css"],
        "csv": ["text/csv", "application/csv", "application/vnd.ms-excel", "text/plain"],
        "docx": ["application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
        "flac": ["audio/flac", "audio/x-flac"],
        "gif": ["image/gif"],
        "glb": ["model/gltf-binary"],
        "gz": ["application/gzip", "application/x-gzip"],
        "heic": ["image/heic", "image/heif"],
        "heif": ["image/heif", "image/heic"],
        "htm": ["text/html", "application/xhtml+xml"],
        "html": ["text/html", "application/xhtml+xml"],
        "ico": ["image/vnd.microsoft.icon", "image/x-icon"],
        "jpeg": ["image/jpeg", "image/jpg", "image/pjpeg"],
        "jpg": ["image/jpeg", "image/jpg", "image/pjpeg"],
        "js": ["text/javascript", "application/javascript", "application/x-javascript"],
        "json": ["application/json", "text/json", "text/plain"],
        "jsonl": [
            "application/jsonl", "application/x-ndjson", "application/x-jsonlines", "application/json", "text/plain",
        ],
        "m4a": ["audio/mp4", "audio/x-m4a", "audio/m4a", "audio/aac"],
        "m4v": ["video/mp4", "video/x-m4v"],
        "md": ["text/markdown", "text/x-markdown", "text/plain"],
        "mkv": ["video/matroska", "video/x-matroska"],
        "mov": ["video/quicktime"],
        "mp3": ["audio/mpeg", "audio/mp3", "audio/x-mp3", "audio/x-mpeg", "audio/mpeg3"],
        "mp4": ["video/mp4", "audio/mp4", "application/mp4"],
        "mpeg": ["video/mpeg"],
        "mpg": ["video/mpeg"],
        "oga": ["audio/ogg", "application/ogg"],
        "ogg": ["audio/ogg", "video/ogg", "application/ogg", "audio/vorbis", "audio/opus"],
        "ogv": ["video/ogg", "application/ogg"],
        "opus": ["audio/opus", "audio/ogg"],
        "pdf": ["application/pdf", "application/x-pdf"],
        "png": ["image/png", "image/x-png", "image/apng"],
        "pptx": ["application/vnd.openxmlformats-officedocument.presentationml.presentation"],
        "svg": ["image/svg+xml"],
        "tar": ["application/x-tar"],
        "tif": ["image/tiff"],
        "tiff": ["image/tiff"],
        "txt": ["text/plain"],
        "wav": ["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/x-pn-wav"],
        "weba": ["audio/webm"],
        "webm": ["video/webm", "audio/webm"],
        "webp": ["image/webp"],
        "xlsx": ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
        "xml": ["application/xml", "text/xml"],
        "zip": ["application/zip", "application/x-zip-compressed"],
    ]

    /// Returns the media types that an extension allows, where it is known and the declared type is not among them.
    ///
    /// An unknown or missing extension, and `application/octet-stream`, contradict nothing.
    ///
    /// - Parameters:
    ///   - mediaType: The declared type.
    ///   - filename: The name with the extension.
    /// - Returns: The media types that an extension allows, where it is known and the declared type is not among them.
    public static func contradiction(of mediaType: MediaType, by filename: Filename) -> [String]? {
        guard !mediaType.isGeneric, let pathExtension = filename.pathExtension,
            let expected = Self.mediaTypes[pathExtension], !expected.contains(mediaType.essence)
        else { return nil }
        return expected
    }

    /// Returns the usual media type of a known extension.
    ///
    /// - Parameter filename: The name with the extension.
    /// - Returns: The usual media type of a known extension.
    public static func mediaType(of filename: Filename) -> MediaType? {
        filename.pathExtension.flatMap { Self.mediaTypes[$0]?.first }.flatMap { MediaType($0) }
    }
}
