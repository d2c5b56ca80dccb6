import CloakroomDomain

/// Responses of the storage origin: fields of S3, and of browsers.
extension ConnectionGroup {
    /// Fields of every response: no sniffing, no referrer, any page may read it.
    ///
    /// The request id completes the last line.
    static let commonFields: StaticString = """
        X-Content-Type-Options: nosniff\r
        Referrer-Policy: no-referrer\r
        Cross-Origin-Resource-Policy: cross-origin\r
        Access-Control-Allow-Origin: *\r
        Access-Control-Expose-Headers: *\r
        x-amz-request-id:\u{20}
        """

    /// Begins a response in the buffer of this event loop, which ``StorageConnection/send(_:continues:)`` empties.
    func beginResponse(
        _ status: HTTPStatus, _ exchange: StorageConnection.Exchange, content: ContentKind = .other
    ) -> ResponseBuffer {
        self.response.clear()
        self.headWriter.begin(status, now: exchange.now, into: self.response)
        self.response.write(atMost: 16) { exchange.requestID.writeText(into: $0) }
        self.response.write(literal: "\r\n")
        self.response.write(literal: content.policy)
        return self.response
    }
}

extension ResponseBuffer {
    /// Writes the `ETag` field of a file.
    func writeEntityTag(_ id: FileID) {
        self.write(literal: "ETag: \"")
        self.write(atMost: FileID.textLength) { id.writeText(into: $0) }
        self.write(literal: "\"\r\n")
    }
}
