import Foundation
import Testing

/// A case of AWS's signing test suite, query signing.
struct AWSVector: Decodable, Sendable, CustomTestStringConvertible {
    struct Credentials: Decodable, Sendable {
        let secretAccessKey: String
    }

    struct Context: Decodable, Sendable {
        let credentials: Credentials
        let normalize: Bool
        /// Whether the session token was added after signing.
        let omitSessionToken: Bool?
        let region: String
        let service: String
        let signBody: Bool
    }

    private struct File: Decodable {
        let cases: [AWSVector]
    }

    let name: String
    let context: Context
    let canonicalRequest: String
    let stringToSign: String
    let signedRequest: String
    let signature: String

    var testDescription: String { self.name }

    /// `../shared/vectors/aws-sigv4-query.json` from the package's root, four levels above this file's name.
    private static let file: URL = {
        var directory = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { directory.deleteLastPathComponent() }
        return directory.appendingPathComponent("../shared/vectors/aws-sigv4-query.json").standardizedFileURL
    }()

    /// Whether the suite stands beside the project; it is not part of it.
    static var isPresent: Bool {
        FileManager.default.isReadableFile(atPath: Self.file.path(percentEncoded: false))
    }

    /// Every case; none where the suite is absent or malformed.
    static let all: [AWSVector] = (try? Self.load()) ?? []

    private static func load() throws -> [AWSVector] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(File.self, from: Data(contentsOf: Self.file)).cases
    }
}

/// A vector's request taken apart to the letter, with what HTTP would not let through: raw spaces and folded lines.
struct AWSVectorRequest {
    let method: String
    let path: String
    let query: String
    let body: String
    private var fields: [(name: String, value: String)] = []

    init(_ text: String) throws {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let first = try #require(lines.first)
        let requestLine = first.dropLast(" HTTP/1.1".count)
        let methodEnd = try #require(requestLine.firstIndex(of: " "))
        let target = requestLine[requestLine.index(after: methodEnd)...]
        let mark = target.firstIndex(of: "?") ?? target.endIndex
        self.method = String(requestLine[..<methodEnd])
        self.path = String(target[..<mark])
        self.query = String(target[mark...].dropFirst())
        let end = lines.firstIndex(of: "") ?? lines.endIndex
        self.body = lines[end...].dropFirst().joined(separator: "\n")
        for line in lines[1..<end] {
            if line.hasPrefix(" "), let folded = self.fields.popLast() {
                self.fields.append((folded.name, folded.value + line))
            } else {
                let colon = try #require(line.firstIndex(of: ":"))
                let value = line[line.index(after: colon)...]
                self.fields.append((line[..<colon].lowercased(), String(value)))
            }
        }
    }

    func values(of name: String) -> [ArraySlice<UInt8>] {
        self.fields.filter { $0.name == name }.map { ArraySlice($0.value.utf8) }
    }
}
