import AsyncHTTPClient
public import CloakroomCrypto
public import CloakroomDomain
import Foundation
public import NIOCore
import NIOHTTP1
import _NIOFileSystem

/// A file that has been uploaded.
public struct UploadedFile: Hashable, Sendable {
    /// The file reference.
    public let id: FileID
    /// The name.
    public let filename: Filename
    /// The media type.
    public let mediaType: MediaType
    /// The size.
    public let size: CloakroomDomain.ByteCount
    /// The digest of the bytes, which the service has found, too.
    public let sha256: SHA256Digest
}

/// Where and how to send a file's bytes.
public struct UploadTicket: Hashable, Sendable {
    /// The file reference.
    public let id: FileID
    /// A presigned URL to `PUT` the bytes to: a secret until it ends.
    public let url: String
    /// The last second in which the URL works.
    public let expiresAt: Timestamp
    /// The header fields to send with the bytes, besides `Content-Length`.
    public let fields: [String: String]
}

/// Bytes up.
extension CloakroomClient {
    /// Bytes that are read from a file and sent at a time.
    private static let partLength = _NIOFileSystem.ByteCount.kibibytes(256)

    /// Uploads a file of the local disk, streaming it to a presigned URL.
    ///
    /// The bytes are hashed as they are sent, and held to what the service has found. An upload that fails for good
    /// leaves nothing: the file that was declared is deleted.
    ///
    /// - Parameters:
    ///   - path: The local file.
    ///   - filename: The name it gets; by default the last part of the path.
    ///   - mediaType: Its type; by default what the name's extension says, else `application/octet-stream`.
    ///   - expiresAfterSeconds: After how many seconds the file ends, 1 to 315,360,000; by default it stays, unless its
    ///     organization's files are kept for a time.
    ///   - progress: Told how far the upload has come.
    /// - Returns: The file; it is on the service's disk.
    /// - Throws: ``CloakroomError``.
    public func upload(
        file path: String, filename: Filename? = nil, mediaType: MediaType? = nil, expiresAfterSeconds: Int64? = nil,
        progress: ProgressHandler? = nil
    ) async throws(CloakroomError) -> UploadedFile {
        let filename = if let filename { filename } else { try Self.filename(of: path) }
        let mediaType = mediaType ?? FileExtension.mediaType(of: filename) ?? .octetStream
        do {
            return try await FileSystem.shared.withFileHandle(forReadingAt: FilePath(path)) { handle in
                let size = try await Self.size(of: handle, path)
                let declaration = UploadDeclaration(filename: filename, mediaType: mediaType, size: size, sha256: nil)
                return try await self.upload(handle, declaration, expiresAfterSeconds, progress)
            }
        } catch {
            throw Self.failure(error, path: path)
        }
    }

    private func upload(
        _ handle: ReadFileHandle, _ declaration: UploadDeclaration, _ expiresAfterSeconds: Int64?,
        _ progress: ProgressHandler?
    ) async throws -> UploadedFile {
        let ticket = try await self.requestUpload(declaration, expiresAfterSeconds: expiresAfterSeconds)
        do throws(CloakroomError) {
            let digest = try await self.retrying(.isHarmless) { () async throws(CloakroomError) in
                // Each attempt reads anew, and hashes apart: what a failed one still sends is not this one's.
                let meter = TransferMeter(total: declaration.size, progress: progress)
                let parts = handle.readChunks(in: 0..<declaration.size.bytes, chunkLength: Self.partLength)
                try await self.send(HashedStream(base: parts, meter: meter), declaration.size, to: ticket, meter)
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
        // The answer comes after the body, which may take as long as it does.
        let response = try await self.execute(request, timeout: .hours(24))
        _ = try await self.answer(response)
        guard let found = response.headers.first(name: "x-amz-checksum-sha256") else { return }
        guard found == Base64.encode(meter.digest.bytes) else {
            throw .damaged("The service has stored other bytes than were sent.")
        }
    }

    /// Declares a file and returns where to send its bytes.
    ///
    /// - Parameters:
    ///   - declaration: What the bytes will be held to.
    ///   - expiresAfterSeconds: After how many seconds the file ends, 1 to 315,360,000; by default it stays, unless its
    ///     organization's files are kept for a time.
    ///   - key: Names the request, so that its repetition declares no second file; by default a random one.
    /// - Returns: Where to send the bytes.
    /// - Throws: ``CloakroomError``.
    public func requestUpload(
        _ declaration: UploadDeclaration, expiresAfterSeconds: Int64? = nil, key: IdempotencyKey? = nil
    ) async throws(CloakroomError) -> UploadTicket {
        let wish = UploadWish(
            filename: declaration.filename.text, contentType: declaration.mediaType.text,
            sizeBytes: declaration.size.bytes, sha256: declaration.sha256?.hexadecimal,
            expiresAfterSeconds: expiresAfterSeconds)
        let answer = try await self.call(
            .POST, "/v1/files/upload", fields: [("Idempotency-Key", key?.text ?? UUID().uuidString)],
            body: try Self.encode(wish))
        return try Self.decode(TicketDocument.self, answer).ticket()
    }

    /// Returns a fresh URL for a file whose bytes have not been sent.
    ///
    /// - Parameter id: The file.
    /// - Returns: Where to send the bytes.
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
    ///   - expiresAfterSeconds: After how many seconds the file ends, 1 to 315,360,000; by default it stays, unless its
    ///     organization's files are kept for a time.
    ///   - key: Names the request, so that its repetition stores no second file; by default a random one.
    /// - Returns: The file; it is on the service's disk.
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
        let answer = try await self.retrying(.isHarmless) { () async throws(CloakroomError) in
            var request = self.request(.POST, path, fields: fields)
            request.body = .bytes(bytes)
            return try await self.answer(try await self.execute(request))
        }
        return try Self.decode(FileDocument.self, answer).metadata()
    }

    // MARK: Local files

    private static func filename(of path: String) throws(CloakroomError) -> Filename {
        do throws(Filename.Invalid) {
            return try Filename(FilePath(path).lastComponent?.string ?? "")
        } catch {
            throw .file(
                path: path,
                reason: "the service takes names of 1 to 255 characters, none of them \\ or a control character")
        }
    }

    private static func size(of handle: ReadFileHandle, _ path: String) async throws -> CloakroomDomain.ByteCount {
        let info = try await handle.info()
        guard info.type == .regular, let size = CloakroomDomain.ByteCount(info.size), size > .zero else {
            throw CloakroomError.file(path: path, reason: "it is empty, or no file")
        }
        return size
    }

    // MARK: Documents

    private struct UploadWish: Encodable {
        let filename: String
        let contentType: String
        let sizeBytes: Int64
        let sha256: String?
        let expiresAfterSeconds: Int64?

        private enum CodingKeys: String, CodingKey {
            case filename, sha256
            case contentType = "content_type"
            case sizeBytes = "size_bytes"
            case expiresAfterSeconds = "expires_after_seconds"
        }
    }

    private struct TicketDocument: Decodable {
        let fileID: String
        let uploadURL: String
        let expiresAt: String
        let headers: [String: String]

        private enum CodingKeys: String, CodingKey {
            case headers
            case fileID = "file_id"
            case uploadURL = "upload_url"
            case expiresAt = "expires_at"
        }

        func ticket() throws(CloakroomError) -> UploadTicket {
            guard let id = FileID(self.fileID), let expiresAt = Timestamp(rfc3339: self.expiresAt) else {
                throw .invalidResponse("an upload's members are not what they should be")
            }
            return UploadTicket(id: id, url: self.uploadURL, expiresAt: expiresAt, fields: self.headers)
        }
    }
}
