import Glibc
import NIOCore

/// A listener cannot listen where its key says.
package struct BindError: Error, CustomStringConvertible {
    /// The key, the address, and what is in the way.
    package let description: String

    init(_ key: String, _ address: ListenAddress, _ error: any Error) {
        let problem =
            switch error {
            case let error as IOError: Self.problem(error.errnoCode, address)
            case is SocketAddressError.UnknownHost: ": the host name \(address.host) does not resolve to an address"
            default: ": \(error)"
            }
        self.description = "\(key) \(address)\(problem)"
    }

    init(_ key: String, _ address: ListenAddress, code: Int32) {
        self.description = "\(key) \(address)\(Self.problem(code, address))"
    }

    private static func problem(_ code: Int32, _ address: ListenAddress) -> String {
        switch code {
        case EADDRINUSE: " is already in use"
        case EADDRNOTAVAIL: " is not an address of this machine"
        case EACCES, EPERM:
            " needs a right that this process does not have: a low port needs CAP_NET_BIND_SERVICE"
        case EAFNOSUPPORT: ": this machine does not support \(address.host.contains(":") ? "IPv6" : "IPv4")"
        default: ": \(String(cString: strerror(code)))"
        }
    }
}
