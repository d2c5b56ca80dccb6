import AsyncHTTPClient
public import CloakroomDomain
import Foundation
public import NIOCore
import NIOHTTP1
import Synchronization
import _NIOFileSystem

/// A presigned URL from which a file can be read.
public struct DownloadLink: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// A presigned URL for GET and HEAD, secret until it expires.
    public let url: String
    /// The last second in which the URL works.
    public let expiresAt: Timestamp
    /// The media type.
    public let mediaType: MediaType
    /// The size.
    public let size: CloakroomDomain.ByteCount

    /// The URL without its query, the type, the size and the time of expiry.
    public var description: String {
        "\(RedactedURL(self.url)) (\(self.mediaType), \(self.size) bytes, expires \(self.expiresAt))"
    }

    /// A mirror without children: the URL is a secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension CloakroomClient {
    /// Returns a presigned URL for a file's bytes.
    ///
    /// - Parameter id: The file.
    /// - Returns: The URL.
    /// - Throws: ``CloakroomError``, with the code `FILE_NOT_FOUND`.
    public func downloadLink(_ id: FileID) async throws(CloakroomError) -> DownloadLink {
        let response = try await self.call(.GET, "/v1/files/\(id)/download")
        let link = try Self.decode(LinkDocument.self, response)
        guard let expiresAt = Timestamp(rfc3339: link.expiresAt), let mediaType = MediaType(link.contentType),
            let size = CloakroomDomain.ByteCount(link.sizeBytes)
        else { throw .invalidResponse("a member of a download is missing or malformed") }
        return DownloadLink(url: link.url, expiresAt: expiresAt, mediaType: mediaType, size: size)
    }

    /// Streams a file's bytes.
    ///
    /// If the connection is lost, the next attempt continues after the last received byte. At the end, the digest of the
    /// received bytes is compared with the digest of the file. If it differs, ``CloakroomError/damaged(_:)`` is thrown,
    /// and the bytes that were passed to `receive` must not be used.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - progress: Receives the progress of the download.
    ///   - receive: Receives the parts in order. An error that it throws ends the download.
    /// - Returns: The properties of the file.
    /// - Throws: ``CloakroomError``, with the code `FILE_NOT_FOUND`.
    public func download(
        _ id: FileID, progress: ProgressHandler? = nil,
        receive: @escaping @Sendable (ByteBuffer) async throws(CloakroomError) -> Void
    ) async throws(CloakroomError) -> FileMetadata {
        // A file whose bytes are not there is rejected here.
        let first = try await self.downloadLink(id)
        let file = try await self.file(id)
        let meter = TransferMeter(total: file.size, progress: progress)
        let link = Mutex<DownloadLink?>(first)
        try await self.retrying(.isHarmless) { () async throws(CloakroomError) in
            // A later attempt asks for a URL of its own: the first may have ended meanwhile.
            let known = link.withLock { link in
                defer { link = nil }
                return link
            }
            let url: String
            if let known { url = known.url } else { url = try await self.downloadLink(id).url }
            try await self.receive(url, of: file, meter, receive)
        }
        guard file.sha256 == nil || file.sha256 == meter.digest else {
            throw .damaged("The received bytes of \(id) do not match the digest of the file.")
        }
        return file
    }

    private func receive(
        _ url: String, of file: FileMetadata, _ meter: TransferMeter,
        _ receive: @Sendable (ByteBuffer) async throws(CloakroomError) -> Void
    ) async throws(CloakroomError) {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "Accept", value: "application/json")
        let start = meter.count
        if start == file.size.bytes { return }
        if start > 0 { request.headers.add(name: "Range", value: "bytes=\(start)-") }
        let response = try await self.execute(request)
        guard response.status == (start > 0 ? .partialContent : .ok) else {
            throw .invalidResponse("a download has the status \(response.status.code)")
        }
        do {
            for try await part in response.body {
                try await receive(part)
                meter.pass(part)
            }
        } catch {
            throw Self.failure(error)
        }
        guard meter.count == file.size.bytes else { throw .connection("it ended after \(meter.count) bytes") }
    }

    /// Downloads a file to the local disk.
    ///
    /// The local file appears when it is complete. An interrupted download leaves nothing.
    ///
    /// - Parameters:
    ///   - id: The file.
    ///   - path: The path of the local file.
    ///   - replacesExisting: Whether to replace an existing file. If not, an existing file is an error.
    ///   - progress: Receives the progress of the download.
    /// - Returns: The properties of the file.
    /// - Throws: ``CloakroomError``, with the code `FILE_NOT_FOUND`.
    public func download(
        _ id: FileID, to path: String, replacesExisting: Bool = true, progress: ProgressHandler? = nil
    ) async throws(CloakroomError) -> FileMetadata {
        do {
            let target = LocalTarget(path: path, replacesExisting: replacesExisting)
            return try await target.write { handle in
                let offset = Atomic<Int64>(0)
                return try await self.download(id, progress: progress) { part throws(CloakroomError) in
                    let start = offset.load(ordering: .relaxed)
                    do {
                        try await handle.write(contentsOf: part.readableBytesView, toAbsoluteOffset: start)
                    } catch {
                        throw Self.failure(error, path: path)
                    }
                    offset.store(start + Int64(part.readableBytes), ordering: .relaxed)
                }
            }
        } catch {
            throw Self.failure(error, path: path)
        }
    }

    private struct LinkDocument: Decodable {
        let url: String
        let expiresAt: String
        let contentType: String
        let sizeBytes: Int64

        private enum CodingKeys: String, CodingKey {
            case url
            case expiresAt = "expires_at"
            case contentType = "content_type"
            case sizeBytes = "size_bytes"
        }
    }
}
