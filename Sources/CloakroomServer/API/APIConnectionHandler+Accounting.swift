import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// What the access log and the log of a shutdown say of a connection.
extension APIConnectionHandler {
    /// Hands over the line of the access log of the request that is being answered.
    struct AccessEvent: Sendable {
        let access: AccessEntry
    }

    var activity: ConnectionActivity {
        guard !self.isClosing, self.drain == nil else { return .other }
        if self.progress.isBodyArriving { return .upload }
        let isSending = self.isResponding || self.progress.isResponseDue || (self.context?.bufferedBytes ?? 0) > 0
        return isSending ? .download : .other
    }

    /// Notes a part of an answer that is written.
    func note(_ part: HTTPResponsePart) {
        switch part {
        case .head(let head) where head.status.kind != .informational:
            self.isResponding = true
            self.access?.note(status: head.status.code)
        case .head: break
        case .body(let bytes): self.access?.sent(Int64(bytes.readableBytes))
        case .end:
            self.isResponding = false
            self.reportReceived()
            self.access?.finish()
            self.access = nil
        }
    }

    /// Tells the access log how much of the request's body has arrived.
    func reportReceived() {
        guard let length = self.bodyLengths.first else { return }
        self.access?.received(length)
        self.bodyLengths.removeFirst()
    }
}
