import AsyncHTTPClient
public import CloakroomCrypto
public import CloakroomDomain
import Foundation
public import NIOCore
import NIOHTTP1
import _NIOFileSystem

/// A file that has been uploaded.
public struct UploadedFile: Hashable, Sendable, CustomStringConvertible {
    /// The file reference.
    public let id: FileID
    /// The name.
    public let filename: Filename
    /// The media type.
    public let mediaType: MediaType
    /// The size.
    public let size: CloakroomDomain.ByteCount
    /// The digest of the bytes, which the service has verified.
    public let sha256: SHA256Digest

    /// The id, the name, the type, the size and the digest.
    public var description: String {
        "\(self.id) \(self.filename) (\(self.mediaType), \(self.size) bytes, sha256 \(self.sha256))"
    }
}

/// A presigned URL to which the bytes of a file can be sent.
public struct UploadTicket: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// The file reference.
    public let id: FileID
    /// A presigned URL for PUT, secret until it expires.
    public let url: String
    /// The last second in which the URL works.
    public let expiresAt: Timestamp
    /// The header fields to send with the bytes, besides `Content-Length`.
    public let fields: [String: String]

    /// The URL without its query, and the time of expiry.
    public var description: String { "\(RedactedURL(self.url)) (expires \(self.expiresAt))" }

    /// A mirror without children: the URL is a secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension CloakroomClient {
    /// Uploads a local file, streaming it to a presigned URL.
    ///
    /// The bytes are hashed while they are sent, and the digest is compared with the one that the service computed. If the
    /// upload fails or the local file changes meanwhile, the declared file is deleted.
    ///
    /// - Parameters:
    ///   - path: The local file.
    ///   - filename: The name of the file; by default the last component of the path.
    ///   - mediaType: Its type; by default the type of the name's extension, else `application/octet-stream`.
    ///   - expiresAfterSeconds: The file expires after this many seconds, 1 to 315,360,000; by default, the setting of the
    ///     organization applies.
    ///   - progress: Receives the progress of the upload.
    /// - Returns: The file, which the service has stored durably.
    /// - Throws: ``CloakroomError``.
    public func upload(
        file path: String, filename: Filename? = nil, mediaType: MediaType? = nil, expiresAfterSeconds: Int64? = nil,
        progress: ProgressHandler? = nil
    ) async throws(CloakroomError) -> UploadedFile {
        let source = try LocalSource(path: path)
        let filename = if let filename { filename } else { try Self.filename(of: path) }
        return try await self.upload(
            source, filename: filename, mediaType: mediaType,
            expiresAfterSeconds: expiresAfterSeconds, progress: progress)
    }

    /// Uploads an open file; without a media type, that of the name's extension counts, else
    /// `application/octet-stream`.
    package func upload(
        _ source: LocalSource, filename: Filename, mediaType: MediaType?, expiresAfterSeconds: Int64?,
        progress: ProgressHandler?
    ) async throws(CloakroomError) -> UploadedFile {
        let mediaType = mediaType ?? FileExtension.mediaType(of: filename) ?? .octetStream
        let declaration = UploadDeclaration(filename: filename, mediaType: mediaType, size: source.size, sha256: nil)
        let ticket = try await self.requestUpload(declaration, expiresAfterSeconds: expiresAfterSeconds)
        do throws(CloakroomError) {
            let digest = try await self.retrying(.isHarmless) { () async throws(CloakroomError) in
                // Each attempt reads anew, and hashes apart: what a failed one still sends is not this one's.
                let meter = TransferMeter(total: declaration.size, progress: progress)
                let parts = HashedStream(base: source.parts, meter: meter)
                do throws(CloakroomError) {
                    try await self.send(parts, declaration.size, to: ticket, meter)
                } catch {
                    // A file that changed is the reason, whatever the service made of its bytes.
                    try source.checkUnchanged()
                    throw error
                }
                try source.checkUnchanged()
                return meter.digest
            }
            return UploadedFile(
                id: ticket.id, filename: declaration.filename, mediaType: declaration.mediaType,
                size: declaration.size, sha256: digest)
        } catch {
            await self.abandon(ticket.id)
            throw error
        }
    }

    /// Deletes a file that was declared and cannot be sent; once, and not for long: whoever interrupted waits for it.
    private func abandon(_ id: FileID) async {
        let client = CloakroomClient(
            server: self.server, key: self.key, organization: self.organization, retryPolicy: .none,
            httpClient: self.httpClient)
        // In a task of its own, which is not cancelled with this one.
        await Task {
            var request = client.request(.DELETE, "/v1/files/\(id)")
            request.headers.replaceOrAdd(name: "Connection", value: "close")
            _ = try? await client.httpClient.execute(request, timeout: .seconds(5))
        }.value
    }

    private func send<Parts: AsyncSequence & Sendable>(
        _ parts: Parts, _ size: CloakroomDomain.ByteCount, to ticket: UploadTicket, _ meter: TransferMeter
    ) async throws(CloakroomError) where Parts.Element == ByteBuffer {
        var request = HTTPClientRequest(url: ticket.url)
        request.method = .PUT
        request.headers.add(name: "Accept", value: "application/json")
        for (name, value) in ticket.fields { request.headers.add(name: name, value: value) }
        request.body = .stream(parts, length: .known(size.bytes))
        // The response comes after the body, which may take as long as it does.
        let response = try await self.execute(request, timeout: .hours(24))
        _ = try await self.content(response)
        guard let found = response.headers.first(name: "x-amz-checksum-sha256") else { return }
        guard found == Base64.encode(meter.digest.bytes) else {
            throw .damaged("The service computed a different digest than the one of the sent bytes.")
        }
    }

    /// Declares a file and returns a URL for its bytes.
    ///
    /// - Parameters:
    ///   - declaration: The name, type, size and optionally the digest, which the bytes must match.
    ///   - expiresAfterSeconds: The file expires after this many seconds, 1 to 315,360,000; by default, the setting of the
    ///     organization applies.
    ///   - key: Identifies the request, so that a repetition does not declare a second file; by default a random one.
    /// - Returns: The URL and the fields of the upload.
    /// - Throws: ``CloakroomError``.
    public func requestUpload(
        _ declaration: UploadDeclaration, expiresAfterSeconds: Int64? = nil, key: IdempotencyKey? = nil
    ) async throws(CloakroomError) -> UploadTicket {
        let fields = UploadRequest(
            filename: declaration.filename.text, contentType: declaration.mediaType.text,
            sizeBytes: declaration.size.bytes, sha256: declaration.sha256?.hexadecimal,
            expiresAfterSeconds: expiresAfterSeconds)
        let response = try await self.call(
            .POST, "/v1/files/upload", fields: [("Idempotency-Key", key?.text ?? UUID().uuidString)],
            body: try Self.encode(fields))
        return try Self.decode(TicketDocument.self, response).ticket()
    }

    /// Returns a new URL for a pending file.
    ///
    /// - Parameter id: The file.
    /// - Returns: The URL and the fields of the upload.
    /// - Throws: ``CloakroomError``, with the code `UPLOAD_ALREADY_COMPLETED` for a file that is ready.
    public func renewUpload(_ id: FileID) async throws(CloakroomError) -> UploadTicket {
        try Self.decode(TicketDocument.self, try await self.call(.POST, "/v1/files/\(id)/upload-url")).ticket()
    }

    /// Stores bytes that are in memory, in one request.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - filename: The name.
    ///   - mediaType: The media type.
    ///   - expiresAfterSeconds: The file expires after this many seconds, 1 to 315,360,000; by default, the setting of the
    ///     organization applies.
    ///   - key: Identifies the request, so that a repetition does not store a second file; by default a random one.
    /// - Returns: The file, which the service has stored durably.
    /// - Throws: ``CloakroomError``.
    public func store(
        _ bytes: ByteBuffer, filename: Filename, mediaType: MediaType, expiresAfterSeconds: Int64? = nil,
        key: IdempotencyKey? = nil
    ) async throws(CloakroomError) -> FileMetadata {
        let fields = [
            ("Content-Type", mediaType.text), ("Idempotency-Key", key?.text ?? UUID().uuidString),
        ]
        let end = expiresAfterSeconds.map { "&expires_after_seconds=\($0)" } ?? ""
        let path = "/v1/files?filename=\(PercentEncoding.encode(filename.text, as: .query))\(end)"
        let response = try await self.retrying(.isHarmless) { () async throws(CloakroomError) in
            var request = self.request(.POST, path, fields: fields)
            request.body = .bytes(bytes)
            return try await self.content(try await self.execute(request))
        }
        return try Self.decode(FileDocument.self, response).metadata()
    }

    // MARK: Local files

    private static func filename(of path: String) throws(CloakroomError) -> Filename {
        do throws(Filename.Invalid) {
            return try Filename(FilePath(path).lastComponent?.string ?? "")
        } catch {
            throw .file(
                path: path,
                reason: "the filename must have 1 to 255 characters, without \\ and control characters")
        }
    }
}
