import Logging

extension StorageConnection {
    /// Responds with an error document, and counts an upload that it ends.
    func reject(_ exchange: Exchange, _ rejection: StorageRejection) {
        guard self.context != nil else { return }
        self.upload?.abandon(self.environment.metrics, rejection)
        self.machine.rejected()
        if let reason = rejection.internalReason { self.logFailure(reason, exchange, status: rejection.status) }
        let document = ErrorDocument(rejection, requestID: exchange.requestID.description)
        let body = exchange.wantsJSON ? document.json : document.xml
        let buffer = self.group.beginResponse(rejection.status, exchange)
        buffer.writeField("Content-Type", exchange.wantsJSON ? "application/json" : "application/xml")
        buffer.writeField("Content-Length", body.utf8.count)
        buffer.writeField("Cache-Control", "no-store")
        for field in rejection.fields { buffer.write("\(field.name): \(field.value)\r\n") }
        buffer.endHead(keepsAlive: self.machine.keepsAlive)
        if !exchange.isHead { buffer.write(body) }
        self.send(buffer)
        self.finish(exchange, rejection.status)
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
}
