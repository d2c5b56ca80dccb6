import CloakroomDomain

extension StorageConnection {
    /// Responds to a CORS preflight (Fetch standard §3.2.2) or plain OPTIONS; neither needs a signature.
    func respondToPreflight(_ exchange: Exchange, _ request: ReceivedRequest) {
        let buffer = self.group.beginResponse(.noContent, exchange)
        buffer.writeField("Allow", Self.allowedMethods(request))
        buffer.writeField("Access-Control-Allow-Methods", "GET, HEAD, PUT")
        buffer.writeField("Access-Control-Allow-Headers", Self.allowedHeaders(request))
        buffer.writeField("Access-Control-Max-Age", "86400")
        buffer.writeField("Vary", "Access-Control-Request-Headers")
        buffer.endHead(keepsAlive: self.machine.keepsAlive)
        self.send(buffer)
        self.finish(exchange, .noContent)
    }

    /// The methods of a path, by its beginning: only who has a signature learns whether the file exists.
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
}
