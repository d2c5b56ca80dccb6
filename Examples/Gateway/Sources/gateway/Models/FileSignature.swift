import CloakroomDomain

/// What the bytes of a picture begin with.
///
/// Programs like ImageMagick and ffmpeg go by the bytes, not by the type that was declared, and some formats (SVG, MVG,
/// playlists) make them read other files. So a file that is no picture of its declared type never reaches them.
enum FileSignature: Hashable, Sendable, CaseIterable {
    case png
    case jpeg
    case gif
    case webp

    /// How many bytes tell.
    static let length = 12

    /// The signature of a media type's files; `nil` for a type that is not known here.
    init?(_ mediaType: MediaType) {
        guard let signature = Self.allCases.first(where: { $0.mediaTypes.contains(mediaType.essence) }) else {
            return nil
        }
        self = signature
    }

    private var mediaTypes: [String] {
        switch self {
        case .png: ["image/png", "image/x-png"]
        case .jpeg: ["image/jpeg", "image/jpg", "image/pjpeg"]
        case .gif: ["image/gif"]
        case .webp: ["image/webp"]
        }
    }

    /// What a local file of this kind is called.
    var pathExtension: String {
        switch self {
        case .png: "png"
        case .jpeg: "jpg"
        case .gif: "gif"
        case .webp: "webp"
        }
    }

    /// Whether a file that begins so is what it is said to be.
    ///
    /// - Parameter head: The first ``length`` bytes, fewer of a shorter file.
    /// - Returns: `true` if so.
    func matches(_ head: [UInt8]) -> Bool {
        switch self {
        case .png: head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        case .jpeg: head.starts(with: [0xFF, 0xD8, 0xFF])
        case .gif: head.starts(with: "GIF87a".utf8) || head.starts(with: "GIF89a".utf8)
        case .webp: head.starts(with: "RIFF".utf8) && head.dropFirst(8).starts(with: "WEBP".utf8)
        }
    }
}
