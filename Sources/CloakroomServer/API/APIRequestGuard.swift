import CloakroomDomain
import NIOCore
import NIOHTTP1

/// Rejects what the API's HTTP parser accepts and RFC 9112 forbids, and marks requests that end their connection.
///
/// The parser takes an empty `Transfer-Encoding`, and one in HTTP/1.0, for no body: a proxy before it may see a body, in
/// which another request could hide. And it reads nothing behind a request for another protocol, which the API never
/// speaks: the next request would wait for ever.
final class APIRequestGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    /// Tells why a head is rejected; the parser's error that follows only says that it is.
    struct RejectionEvent: Sendable {
        let error: RequestHeadError
    }

    private var hasRejected = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.hasRejected else { return }
        guard case .head(var head) = self.unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        do throws(RequestHeadError) {
            try Self.check(head)
        } catch {
            self.hasRejected = true
            context.fireUserInboundEventTriggered(RejectionEvent(error: error))
            // The framework responds with 400 and ends the connection.
            return context.fireErrorCaught(HTTPParserError.unknown)
        }
        let isLast = !head.isKeepAlive || head.method == .CONNECT || Self.asksForUpgrade(head)
        if isLast { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        self.settleExpectation(&head)
        context.fireChannelRead(self.wrapInboundOut(.head(head)))
    }

    /// Leaves one `Expect: 100-continue` where the client expects it, and none to HTTP/1.0 (RFC 9110 §10.1.1).
    private func settleExpectation(_ head: inout HTTPRequestHead) {
        guard head.headers.contains(name: "Expect") else { return }
        let isExpected =
            head.version.minor > 0
            && head.headers["Expect"].contains { !HTTPCharacter.trimmed(ArraySlice($0.utf8)).isEmpty }
        head.headers.remove(name: "Expect")
        if isExpected { head.headers.add(name: "Expect", value: "100-continue") }
    }

    /// Checks that there is a path or an absolute URL (RFC 9112 §3.2), one host, one way to see where the body ends
    /// (§6.1), and no expectation but `100-continue`.
    private static func check(_ head: HTTPRequestHead) throws(RequestHeadError) {
        guard self.isTarget(head.uri) else {
            throw .malformed("must have a path or an http or https URL as its target")
        }
        let (hosts, codings) = (head.headers["Host"], head.headers["Transfer-Encoding"])
        let isVersion10 = head.version.minor == 0
        guard hosts.count == 1 || (hosts.isEmpty && isVersion10) else {
            throw .malformed("must have exactly one Host field; it has \(hosts.count)")
        }
        guard hosts.allSatisfy({ HTTPCharacter.isHost(HTTPCharacter.trimmed(ArraySlice($0.utf8))) }) else {
            throw .malformed("must have a valid host in the field Host")
        }
        if !codings.isEmpty {
            guard !isVersion10 else { throw .malformed("must not have Transfer-Encoding in HTTP/1.0") }
            let coding = HTTPCharacter.trimmed(ArraySlice(codings[0].utf8))
            guard codings.count == 1, coding.isEqualIgnoringCase(to: "chunked") else {
                throw .unsupportedTransferCoding
            }
        }
        let expectations = head.headers["Expect"]
        guard expectations.allSatisfy({ HTTPCharacter.list(ArraySlice($0.utf8), containsOnly: "100-continue") }) else {
            throw .unsupportedExpectation
        }
    }

    private static func isTarget(_ target: String) -> Bool {
        if target.utf8.first == UInt8(ascii: "/") || target == "*" { return true }
        let start = target.prefix(8).lowercased()
        return start.hasPrefix("http://") || start == "https://"
    }

    private static func asksForUpgrade(_ head: HTTPRequestHead) -> Bool {
        head.headers.contains(name: "Upgrade")
            && head.headers[canonicalForm: "Connection"].contains { $0.lowercased() == "upgrade" }
    }
}
