import NIOCore

import Glibc

/// Where a client connects from: an IPv4 address, or the network that an IPv6 address is of.
///
/// The last 64 bits of an IPv6 address are the client's own to choose (RFC 4291 §2.5.4), so all of a /64 counts as one.
enum ClientAddress: Hashable, Sendable {
    /// An IPv4 address, also one that is written as IPv6 (RFC 4291 §2.5.5.2).
    case v4(UInt32)
    /// The first 64 bits of an IPv6 address.
    case v6Network(UInt64)

    /// Reads the address of a socket; one that is not IP gives `nil`.
    init?(_ address: SocketAddress) {
        switch address {
        case .v4(let address):
            self = .v4(UInt32(bigEndian: address.address.sin_addr.s_addr))
        case .v6(let address):
            // `in6_addr` is the 16 bytes of the address, in network byte order (RFC 3493 §3.2).
            let (network, interface) = withUnsafeBytes(of: address.address.sin6_addr) { bytes in
                (
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            let isIPv4 = network == 0 && interface >> 32 == 0xFFFF
            self = isIPv4 ? .v4(UInt32(truncatingIfNeeded: interface)) : .v6Network(network)
        case .unixDomainSocket:
            return nil
        }
    }
}
