import NIOCore

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
        case .v4:
            self = .v4(UInt32(bigEndian: Self.load(address, at: 4)))
        case .v6:
            let (network, interface) = (
                UInt64(bigEndian: Self.load(address, at: 8)), UInt64(bigEndian: Self.load(address, at: 16))
            )
            let isIPv4 = network == 0 && interface >> 32 == 0xFFFF
            self = isIPv4 ? .v4(UInt32(truncatingIfNeeded: interface)) : .v6Network(network)
        case .unixDomainSocket:
            return nil
        }
    }

    /// Reads a part of a socket's address: `sockaddr_in` has the address behind family and port, from the 4th byte on,
    /// `sockaddr_in6` behind the flow too, from the 8th on; in network byte order (ip(7), ipv6(7)).
    private static func load<Number: FixedWidthInteger>(_ address: SocketAddress, at offset: Int) -> Number {
        // The pointer is valid during the call, and leads to a whole `sockaddr_in` or `sockaddr_in6`.
        address.withSockAddr { pointer, _ in
            UnsafeRawPointer(pointer).loadUnaligned(fromByteOffset: offset, as: Number.self)
        }
    }
}
