import AsyncAlgorithms
import AsyncHTTPClient
import Hummingbird
import NIOCore

/// A request's body on its way to the service, which is read as fast as the service takes it.
///
/// It is read here and nowhere else, to its end: the server that the request came to must not find it half read by
/// another task when the service has answered early.
struct BodyRelay: Sendable {
    private let channel = AsyncThrowingChannel<ByteBuffer, any Error>()
    private let body: RequestBody

    init(_ body: RequestBody) {
        self.body = body
    }

    /// The body as it is sent.
    ///
    /// - Parameter length: The announced length; `nil` for none.
    /// - Returns: The body as it is sent.
    func outgoing(length: Int64?) -> HTTPClientRequest.Body {
        let announced: HTTPClientRequest.Body.Length = if let length { .known(length) } else { .unknown }
        return .stream(self.channel, length: announced)
    }

    /// Reads the body to its end; a body that breaks off ends the request to the service, too.
    func run() async {
        do {
            for try await part in self.body { await self.channel.send(part) }
            self.channel.finish()
        } catch {
            self.channel.fail(error)
        }
    }

    /// Lets the rest of the body pass unsent.
    func stop() {
        self.channel.finish()
    }
}
