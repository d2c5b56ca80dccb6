import CloakroomDomain
import CloakroomStorage
import NIOCore

extension StorageConnection {
    /// Answers a request, or begins to.
    func handle(_ head: RequestHead) {
        let request = head.request
        let exchange = self.makeExchange(head, keepsAlive: head.keepsAlive)
        if request.method.isEqual(to: "OPTIONS") { return self.respondToPreflight(exchange, head) }
        do {
            let grant = try self.verify(request, now: exchange.now)
            if let access, let keyID = self.environment.verifier.accessKeyID(of: request) { access.note(keyID: keyID) }
            switch grant {
            case .download(let grant): self.download(grant, exchange, head)
            case .upload(let grant): self.upload(grant, exchange, head)
            }
        } catch let error as PresignedURLError {
            self.environment.metrics.rejected(error)
            self.reject(exchange, StorageRejection(error), unreadBody: head.hasBody)
        } catch {
            let error = (error as? StorageError) ?? .failed("\(error)")
            self.reject(exchange, StorageRejection(error), unreadBody: head.hasBody)
        }
    }

    /// Verifies; an upload that does not match as received is tried with what its client declared.
    private func verify(_ request: ReceivedRequest, now: Timestamp) throws -> Grant {
        let keyRing = self.environment.signingKeys.keyRing
        do throws(PresignedURLError) {
            return try self.environment.verifier.verify(request, keyRing: keyRing, now: now)
        } catch .signatureMismatch(nil) where request.method.isEqual(to: "PUT") {
            guard let id = FileID(text: request.path.dropFirst("/uploads/".utf8.count)),
                let declared = try self.environment.store.declarationForVerification(id, now: now)
            else { throw PresignedURLError.signatureMismatch(nil) }
            return try self.environment.verifier.verify(request, keyRing: keyRing, now: now, declared: declared)
        }
    }

    /// Notes a request whose head has arrived.
    func makeExchange(_ head: RequestHead, keepsAlive: Bool) -> Exchange {
        let request = head.request
        return self.makeExchange(
            route: Self.route(request), keepsAlive: keepsAlive,
            wantsJSON: Self.acceptsJSON(request),
            isHead: request.method.isEqual(to: "HEAD"))
    }

    private static func acceptsJSON(_ request: ReceivedRequest) -> Bool {
        // Mostly it does not, and then nothing is parsed.
        guard let value = request.firstValue(of: "accept"), value.contains("application/json") else { return false }
        return AcceptField([String(decoding: value, as: UTF8.self)]).namesJSON
    }

    /// Notes a request that is to be answered.
    func makeExchange(
        route: StorageMetrics.Route, keepsAlive: Bool, wantsJSON: Bool, isHead: Bool
    ) -> Exchange {
        self.route = route
        let requestID = self.environment.requestIDs.next()
        if let log = self.environment.accessLog {
            self.access = AccessEntry(log, .storage, requestID: requestID.description, route: route.label)
        }
        return Exchange(
            requestID: requestID, route: route, startedAt: .now(), now: self.environment.clock.now,
            keepsAlive: keepsAlive, wantsJSON: wantsJSON, isHead: isHead)
    }

    private static func route(_ request: ReceivedRequest) -> StorageMetrics.Route {
        if request.method.isEqual(to: "GET") { return .download }
        if request.method.isEqual(to: "PUT") { return .upload }
        if request.method.isEqual(to: "HEAD") { return .head }
        return request.method.isEqual(to: "OPTIONS") ? .preflight : .other
    }
}
