import AsyncHTTPClient
import CloakroomClient
import CloakroomCrypto
import CloakroomDomain
import NIOCore
import NIOHTTP1
import _NIOFileSystem

/// Copies files of an input from their URLs to where a command can read them.
struct InputFetcher: Sendable {
    private static let timeout = TimeAmount.minutes(5)

    let httpClient: HTTPClient

    /// Copies a file, whole or not at all.
    ///
    /// - Parameters:
    ///   - file: The file, with a URL that works.
    ///   - path: Where it goes, without an extension; nothing is there.
    /// - Returns: The path with the extension of the file's kind.
    /// - Throws: ``ExecutionFailure`` where the file is not there, or is no picture of its declared type.
    func fetch(_ file: ResolvedFile, to path: String) async throws -> String {
        guard let signature = FileSignature(file.mediaType) else { throw ExecutionFailure.fileFormatUnsupported }
        let response = try await self.httpClient.execute(HTTPClientRequest(url: file.url), timeout: Self.timeout)
        guard response.status == .ok else { throw ExecutionFailure.fileNotFound }
        let target = "\(path).\(signature.pathExtension)"
        let head = try await self.write(response.body, to: target, of: file)
        guard signature.matches(head) else { throw ExecutionFailure.fileFormatUnsupported }
        return target
    }

    /// Writes the bytes, holds them to what the service said of them, and returns the first.
    private func write(
        _ body: HTTPClientResponse.Body, to path: String, of file: ResolvedFile
    ) async throws -> [UInt8] {
        try await FileSystem.shared.withFileHandle(
            forWritingAt: FilePath(path), options: .newFile(replaceExisting: false)
        ) { handle in
            var head: [UInt8] = []
            var length: Int64 = 0
            var hasher = SHA256()
            for try await part in body {
                let bytes = Array(part.readableBytesView)
                guard length + Int64(bytes.count) <= file.size.bytes else { throw ExecutionFailure.internalError }
                head += bytes.prefix(FileSignature.length - head.count)
                hasher.update(bytes.span.bytes)
                try await handle.write(contentsOf: bytes, toAbsoluteOffset: length)
                length += Int64(bytes.count)
            }
            guard length == file.size.bytes, hasher.digest() == file.sha256 else {
                throw ExecutionFailure.internalError
            }
            return head
        }
    }
}
