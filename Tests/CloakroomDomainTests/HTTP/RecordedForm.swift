import CloakroomDomain
import Foundation

/// A form as a client sent it, byte for byte: the value of `Content-Type`, a line feed, and the body.
///
/// Recorded from a socket; the files are those of the fuzz target's corpus.
struct RecordedForm {
    let boundary: MultipartBoundary
    let body: [UInt8]

    /// The file that every client sent.
    static let content = Array("GIF89a\r\n--\r\r\n-\0".utf8) + [0xFF]

    init(_ name: String) throws {
        var directory = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { directory.deleteLastPathComponent() }
        let bytes = Array(
            try Data(contentsOf: directory.appendingPathComponent("Fuzzing/Corpora/MultipartForm/\(name)")))
        let field = bytes.prefix { $0 != UInt8(ascii: "\n") }
        guard let boundary = try MultipartBoundary.read(String(decoding: field, as: UTF8.self)) else {
            throw CocoaError(.fileReadCorruptFile)
        }
        self.boundary = boundary
        self.body = Array(bytes.dropFirst(field.count + 1))
    }
}
