import CloakroomDomain
import CloakroomStore
import NIOCore

/// From a head to a grant.
extension StorageConnection {
    /// Responds to a request, or begins to.
    func respond(to head: RequestHead) {
        let request = head.request
        let exchange = self.makeExchange(head)
        if request.method.isEqual(to: "OPTIONS") { return self.respondToPreflight(exchange, request) }
        do throws(PresignedURLError) {
            self.proceed(try self.verify(request, exchange), exchange, head)
        } catch .signatureMismatch(nil) where request.method.isEqual(to: "PUT") {
            self.verifyAsDeclared(exchange, head)
        } catch {
            self.reject(exchange, error)
        }
    }

    private func verify(
        _ request: ReceivedRequest, _ exchange: Exchange, declared: UploadDeclaration? = nil
    ) throws(PresignedURLError) -> Grant {
        let keyRing = self.environment.signingKeys.keyRing
        return try self.environment.verifier.verify(request, keyRing: keyRing, now: exchange.now, declared: declared)
    }

    /// Tries an upload that does not match as received with what its client declared.
    private func verifyAsDeclared(_ exchange: Exchange, _ head: RequestHead) {
        guard let id = FileID(text: head.request.path.dropFirst("/uploads/".utf8.count)) else {
            return self.reject(exchange, .signatureMismatch(nil))
        }
        switch self.environment.uploads.declarationForVerification(id, now: exchange.now) {
        case .now(let declared): self.verifyAsDeclared(declared, exchange, head)
        case .later(let pending): self.wait(for: pending, exchange) { $0.verifyAsDeclared($1, exchange, head) }
        }
    }

    private func verifyAsDeclared(
        _ declared: Result<UploadDeclaration?, StorageError>, _ exchange: Exchange, _ head: RequestHead
    ) {
        do {
            guard let declared = try declared.get() else { throw PresignedURLError.signatureMismatch(nil) }
            self.proceed(try self.verify(head.request, exchange, declared: declared), exchange, head)
        } catch let error as PresignedURLError {
            self.reject(exchange, error)
        } catch {
            self.reject(exchange, .of(error))
        }
    }

    private func proceed(_ grant: Grant, _ exchange: Exchange, _ head: RequestHead) {
        if let access, let keyID = self.environment.verifier.accessKeyID(of: head.request) {
            access.note(keyID: keyID)
        }
        switch grant {
        case .download(let grant): self.download(grant, exchange, head.request)
        case .upload(let grant): self.upload(grant, exchange, head)
        }
    }

    private func reject(_ exchange: Exchange, _ error: PresignedURLError) {
        self.environment.metrics.rejected(error)
        self.reject(exchange, StorageRejection(error))
    }

    // MARK: Exchanges

    /// Begins the exchange of a request.
    func makeExchange(_ head: RequestHead) -> Exchange {
        let request = head.request
        return self.makeExchange(
            Self.route(request), wantsJSON: Self.acceptsJSON(request), isHead: request.method.isEqual(to: "HEAD"))
    }

    /// Begins an exchange, by default of a request whose head cannot be read.
    func makeExchange(
        _ route: StorageMetrics.Route = .other, wantsJSON: Bool = false, isHead: Bool = false
    ) -> Exchange {
        self.route = route
        let requestID = self.environment.requestIDs.next()
        if let log = self.environment.accessLog {
            self.access = AccessEntry(log, .storage, requestID: requestID.description, route: route.label)
        }
        return Exchange(
            requestID: requestID, route: route, startedAt: .now(), now: self.environment.clock.now,
            wantsJSON: wantsJSON, isHead: isHead)
    }

    private static func acceptsJSON(_ request: ReceivedRequest) -> Bool {
        // Mostly it does not, and then nothing is parsed.
        guard let value = request.firstValue(of: "accept"), value.contains("application/json") else { return false }
        return AcceptField([String(decoding: value, as: UTF8.self)]).namesJSON
    }

    private static func route(_ request: ReceivedRequest) -> StorageMetrics.Route {
        if request.method.isEqual(to: "GET") { return .download }
        if request.method.isEqual(to: "PUT") { return .upload }
        if request.method.isEqual(to: "HEAD") { return .head }
        return request.method.isEqual(to: "OPTIONS") ? .preflight : .other
    }
}
