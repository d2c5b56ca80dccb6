import CloakroomDomain
import CloakroomStore
import NIOCore

/// From a grant to the head of a file's response.
extension StorageConnection {
    func download(_ grant: DownloadGrant, _ exchange: Exchange, _ request: ReceivedRequest) {
        switch self.environment.downloads.open(grant, now: exchange.now) {
        case .now(let blob): self.respond(with: blob, grant, exchange, request)
        case .later(let pending):
            self.wait(for: pending, exchange) { $0.respond(with: $1, grant, exchange, request) }
        }
    }

    private func respond(
        with blob: Result<any OpenBlob, StorageError>, _ grant: DownloadGrant, _ exchange: Exchange,
        _ request: ReceivedRequest
    ) {
        do {
            let blob = try blob.get()
            self.access?.note(blob.placement.organization)
            // Nothing is said of a small body before its bytes are known to be right.
            if blob.needsLoading { return self.load(blob, grant, exchange, request) }
            try self.respond(with: blob, grant, exchange, request)
        } catch {
            self.reject(exchange, .of(error))
        }
    }

    /// Loads a body on a thread that may wait for the disk, and goes on when it has been verified.
    private func load(_ blob: any OpenBlob, _ grant: DownloadGrant, _ exchange: Exchange, _ request: ReceivedRequest) {
        guard let context else { return }
        let downloads = self.environment.downloads
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.makeFutureWithTask { try await downloads.load(blob) }.whenComplete { result in
            let connection = bound.value
            // The client has gone.
            guard connection.context != nil else { return }
            do {
                try result.get()
                try connection.respond(with: blob, grant, exchange, request)
            } catch {
                connection.reject(exchange, .of(error))
            }
        }
    }

    private func respond(
        with blob: any OpenBlob, _ grant: DownloadGrant, _ exchange: Exchange, _ request: ReceivedRequest
    ) throws(StorageRejection) {
        let contentType = grant.contentType ?? blob.placement.representation.contentType
        let content = ContentKind(contentType: contentType)
        guard let selection = try DownloadSelection(request, of: blob, grant.fileID) else {
            return self.respondNotModified(blob, grant, exchange, content)
        }
        let buffer = self.group.beginResponse(selection.status, exchange, content: content)
        buffer.writeField("Content-Type", contentType)
        selection.writeFields(grant.fileID, into: buffer)
        Self.writeCaching(blob, grant, exchange, into: buffer)
        let disposition = grant.contentDisposition ?? blob.placement.representation.contentDisposition
        if let disposition = content.disposition(disposition) { buffer.writeField("Content-Disposition", disposition) }
        if let language = grant.contentLanguage { buffer.writeField("Content-Language", language) }
        buffer.endHead(keepsAlive: self.machine.keepsAlive)
        self.send(blob, selection, head: buffer, exchange)
    }

    /// Responds with 304; a browser takes its policy for what it has in its cache (RFC 9111 §3.2).
    private func respondNotModified(
        _ blob: any OpenBlob, _ grant: DownloadGrant, _ exchange: Exchange, _ content: ContentKind
    ) {
        let buffer = self.group.beginResponse(.notModified, exchange, content: content)
        buffer.writeEntityTag(grant.fileID)
        Self.writeCaching(blob, grant, exchange, into: buffer)
        buffer.endHead(keepsAlive: self.machine.keepsAlive)
        self.send(buffer)
        self.finish(exchange, .notModified)
    }

    /// Writes what caches go by: `Last-Modified`, `Cache-Control`, and `Expires` where the URL has one.
    private static func writeCaching(
        _ blob: any OpenBlob, _ grant: DownloadGrant, _ exchange: Exchange, into buffer: ResponseBuffer
    ) {
        buffer.writeField("Last-Modified", blob.placement.representation.lastModified)
        if let expires = grant.expires { buffer.writeField("Expires", expires) }
        if let cacheControl = grant.cacheControl { return buffer.writeField("Cache-Control", cacheControl) }
        let rest = max(0, grant.expiresAt.secondsSinceEpoch - exchange.now.secondsSinceEpoch)
        buffer.write(literal: "Cache-Control: private, max-age=")
        buffer.write(decimal: Int(rest))
        buffer.write(literal: "\r\n")
    }
}
