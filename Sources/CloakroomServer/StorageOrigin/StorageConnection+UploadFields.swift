import CloakroomDomain
import CloakroomStorage

/// What the fields of an upload ask for beside its length and type.
extension StorageConnection {
    /// Rejects a part of a file (RFC 9110 §14.5).
    static func checkCompleteness(_ request: ReceivedRequest) throws(StorageRejection) {
        guard let received = request.joinedText(of: "content-range") else { return }
        throw StorageRejection(
            .badRequest, "InvalidRequest", "A file is uploaded as a whole: send it without Content-Range.",
            [.init("Field", "content-range"), .init("Received", received)])
    }

    /// Reads the checksums that a head announces.
    static func checksums(_ head: RequestHead) throws(StorageRejection) -> AnnouncedChecksums {
        var fields: AnnouncedChecksums.Fields = []
        for field in head.request.fields where self.mayAnnounceChecksum(head.request.name(of: field)) {
            let name = String(decoding: head.request.name(of: field), as: UTF8.self)
            guard AnnouncedChecksums.isRelevant(name) else { continue }
            fields.append((name, String(decoding: head.request.value(of: field), as: UTF8.self)))
        }
        do throws(ChecksumError) {
            return try AnnouncedChecksums(fields, isChunked: head.framing == .chunked)
        } catch {
            throw StorageRejection(error)
        }
    }

    /// Tells most fields from those of checksums by their first letters, before any text is made of them.
    private static func mayAnnounceChecksum(_ name: ArraySlice<UInt8>) -> Bool {
        self.checksumPrefixes.contains { name.hasPrefix($0) }
    }

    private static let checksumPrefixes: [StaticString] = ["x-amz-", "content-", "repr-", "digest", "trailer"]

    /// Evaluates the conditions of an upload.
    ///
    /// - Returns: Whether the upload is to be refused if another one is complete before it.
    static func checkPreconditions(_ request: ReceivedRequest, _ record: FileRecord) throws(StorageRejection) -> Bool {
        guard Preconditions.fieldNames.contains(where: { request.contains($0) }) else { return false }
        let preconditions = Preconditions(
            ifMatch: request.joinedText(of: "if-match"), ifNoneMatch: request.joinedText(of: "if-none-match"),
            ifModifiedSince: nil, ifUnmodifiedSince: request.joinedText(of: "if-unmodified-since"), ifRange: nil)
        if let field = preconditions.failedField(uploading: record.id, uploadedAt: record.seal?.uploadedAt) {
            throw .preconditionFailed(field)
        }
        return preconditions.rejectsRepetition(of: record.id)
    }
}

extension Upload {
    /// Reads the checksums in the trailers, which the body has to have, too.
    func readTrailers() throws(StorageRejection) {
        var fields: AnnouncedChecksums.Fields = []
        for line in self.decoder.trailerLines {
            // Each line is a field: the decoder has seen to it.
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(decoding: parts[0].map(\.asciiLowercased), as: UTF8.self)
            guard parts.count == 2, AnnouncedChecksums.isRelevant(name) else { continue }
            fields.append((name, String(decoding: HTTPCharacter.trimmed(parts[1]), as: UTF8.self)))
        }
        do throws(ChecksumError) {
            self.trailing = try self.checksums.checksums(inTrailers: fields)
        } catch {
            throw StorageRejection(error)
        }
    }
}
