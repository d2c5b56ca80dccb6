import NIOCore
import NIOHTTP1

/// Refuses what the API's HTTP parser takes and RFC 9112 does not allow, and marks requests that end their connection.
///
/// The parser lets an empty `Transfer-Encoding`, and one in HTTP/1.0, pass for a message without a body: whoever stands
/// before it may see a body there, in which another request could hide. And it takes nothing that follows a request for
/// another protocol, which the API never speaks: the next request would wait for ever.
final class APIRequestGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private var hasRefused = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.hasRefused else { return }
        guard case .head(var head) = self.unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        guard Self.isSound(head) else {
            self.hasRefused = true
            // The framework answers with 400 and ends the connection.
            return context.fireErrorCaught(HTTPParserError.unknown)
        }
        let isLast = !head.isKeepAlive || head.method == .CONNECT || Self.asksForUpgrade(head)
        if isLast { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        // An HTTP/1.0 client knows no 100 (RFC 9110 §10.1.1).
        if head.version.minor == 0 { head.headers.remove(name: "Expect") }
        context.fireChannelRead(self.wrapInboundOut(.head(head)))
    }

    /// Whether there is one host (RFC 9112 §3.2), and one way to see where the body ends (§6.1).
    private static func isSound(_ head: HTTPRequestHead) -> Bool {
        let (hosts, codings) = (head.headers["Host"], head.headers["Transfer-Encoding"])
        let isVersion10 = head.version.minor == 0
        guard hosts.count == 1 || (hosts.isEmpty && isVersion10),
            hosts.allSatisfy({ HTTPCharacter.isHost(ArraySlice(Self.trimmed($0).utf8)) })
        else { return false }
        guard let coding = codings.first else { return true }
        return codings.count == 1 && !isVersion10 && Self.trimmed(coding).lowercased() == "chunked"
    }

    private static func asksForUpgrade(_ head: HTTPRequestHead) -> Bool {
        head.headers.contains(name: "Upgrade")
            && head.headers[canonicalForm: "Connection"].contains { $0.lowercased() == "upgrade" }
    }

    private static func trimmed(_ value: String) -> Substring {
        let rest = value.drop { $0 == " " || $0 == "\t" }
        guard let last = rest.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return rest[...last]
    }
}
