import CloakroomDomain
import Logging
import NIOCore

extension StorageConnection {
    /// Answers with an error document.
    ///
    /// - Parameters:
    ///   - exchange: The request.
    ///   - rejection: What is wrong.
    ///   - unreadBody: Whether bytes of the request's body are still to come.
    ///   - dropsBody: Whether the client still sends them, so that they are worth being read and dropped.
    func reject(_ exchange: Exchange, _ rejection: StorageRejection, unreadBody: Bool? = nil, dropsBody: Bool = true) {
        guard self.context != nil else { return }
        var endsBody = unreadBody ?? !exchange.keepsAlive
        if case .receiving(let upload) = self.state {
            upload.abandon(self.environment.metrics, rejection)
            self.unreadBody = dropsBody ? upload.decoder : nil
            endsBody = true
        }
        self.state = .responding
        self.log(rejection, exchange)
        let document = ErrorDocument(rejection, requestID: exchange.requestID.description)
        let body = exchange.wantsJSON ? document.json : document.xml
        let buffer = self.group.beginResponse(rejection.status, exchange)
        buffer.writeField("Content-Type", exchange.wantsJSON ? "application/json" : "application/xml")
        buffer.writeField("Content-Length", body.utf8.count)
        buffer.writeField("Cache-Control", "no-store")
        for field in rejection.fields { buffer.write("\(field.name): \(field.value)\r\n") }
        buffer.endHead(keepsAlive: self.keepsAlive(exchange, unreadBody: endsBody))
        if !exchange.isHead { buffer.write(body) }
        self.send(buffer)
        self.finish(exchange, rejection.status, unreadBody: endsBody)
    }

    private func log(_ rejection: StorageRejection, _ exchange: Exchange) {
        guard let reason = rejection.internalReason else { return }
        self.logFailure(reason, exchange, status: rejection.status)
    }

    /// Logs a failure on our side.
    func logFailure(_ reason: String, _ exchange: Exchange, status: HTTPStatus? = nil) {
        self.environment.logger.error(
            "Request failed",
            metadata: [
                "request.id": "\(exchange.requestID)", "request.route": "\(exchange.route.label)",
                "response.status": "\(status.map { "\($0.rawValue)" } ?? "broken off")", "error.reason": "\(reason)",
            ])
    }

    /// Answers a CORS preflight (Fetch standard §3.2.2), or plain OPTIONS, which need no signature.
    func respondToPreflight(_ exchange: Exchange, _ head: RequestHead) {
        guard self.context != nil else { return }
        let buffer = self.group.beginResponse(.noContent, exchange)
        buffer.writeField("Allow", Self.allowedMethods(head.request))
        buffer.writeField("Access-Control-Allow-Methods", "GET, HEAD, PUT")
        buffer.writeField("Access-Control-Allow-Headers", Self.allowedHeaders(head.request))
        buffer.writeField("Access-Control-Max-Age", "86400")
        buffer.writeField("Vary", "Access-Control-Request-Headers")
        buffer.endHead(keepsAlive: self.keepsAlive(exchange, unreadBody: head.hasBody))
        self.send(buffer)
        self.finish(exchange, .noContent, unreadBody: head.hasBody)
    }

    /// The methods of a path, which is told by its beginning: whether there is such a file is for a signature to ask.
    private static func allowedMethods(_ request: ReceivedRequest) -> String {
        if request.path.hasPrefix("/files/") { return "GET, HEAD, OPTIONS" }
        return request.path.hasPrefix("/uploads/") ? "PUT, OPTIONS" : "GET, HEAD, PUT, OPTIONS"
    }

    /// The headers asked for, if they are a list of names; a browser asks for those it is about to send.
    private static func allowedHeaders(_ request: ReceivedRequest) -> String {
        guard let names = request.firstValue(of: "access-control-request-headers"), !names.isEmpty,
            names.allSatisfy({ HTTPCharacter.isToken($0) || $0 == UInt8(ascii: ",") || $0 == 0x20 })
        else { return "*" }
        return String(decoding: names, as: UTF8.self)
    }

    /// Whether the connection goes on after an answer.
    func keepsAlive(_ exchange: Exchange, unreadBody: Bool = false) -> Bool {
        exchange.keepsAlive && !unreadBody && !self.isQuiescing
    }
}
