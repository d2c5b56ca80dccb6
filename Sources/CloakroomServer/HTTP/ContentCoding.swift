import CloakroomDomain
import HTTPTypes
import Hummingbird

/// The codings of a request's body (`Content-Encoding`, RFC 9110 §8.4).
enum ContentCoding {
    /// Whether a body is sent as it is: every coding of `Content-Encoding` is `identity`, or there is none.
    static func isIdentity(_ field: String) -> Bool {
        HTTPCharacter.tokens(of: field).allSatisfy { $0 == "identity" }
    }

    /// Passes unless a request of the API has an encoded body.
    static func requireIdentity(_ request: Request) throws(APIError) {
        let received = request.headers[values: .contentEncoding].joined(separator: ", ")
        guard self.isIdentity(received) else { throw .contentEncoded(received) }
    }
}
