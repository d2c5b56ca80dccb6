import Glibc
import NIOCore

/// A socket that has its port and does not listen yet.
///
/// The storage origin's public URL is part of every signature, and with port 0 it is known only once bound: so binding
/// comes before everything that signs, and listening after.
package struct BoundSocket: ~Copyable, Sendable {
    private let descriptor: Int32
    /// Where it is bound.
    let address: ListenAddress
    /// The key that holds the address.
    let key: String
    /// The port, also where a free one was asked for.
    package let port: Int

    package static func bind(
        _ address: ListenAddress, key: String = "storage-address"
    ) throws(BindError) -> BoundSocket {
        do {
            let resolved = try SocketAddress.makeAddressResolvingHost(address.host, port: address.port)
            let family = resolved.protocol == .inet6 ? AF_INET6 : AF_INET
            let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var one: Int32 = 1
            let length = socklen_t(MemoryLayout<Int32>.size)
            guard descriptor >= 0, setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, length) == 0,
                resolved.withSockAddr({ Glibc.bind(descriptor, $0, socklen_t($1)) }) == 0
            else { throw BindError(key, address, code: errno) }
            guard let port = Self.port(of: descriptor) else { throw BindError(key, address, code: errno) }
            return BoundSocket(descriptor: descriptor, address: address, key: key, port: port)
        } catch let error as BindError {
            throw error
        } catch {
            throw BindError(key, address, error)
        }
    }

    /// Passes if each of some addresses could be listened on now, beside the others; nothing is kept.
    package static func checkListening(on addresses: [(key: String, address: ListenAddress)]) throws(BindError) {
        var descriptors: [Int32] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        for (key, address) in addresses {
            let descriptor = try self.bind(address, key: key).release()
            descriptors.append(descriptor)
            // Only a socket that listens is in the way of others.
            guard listen(descriptor, 1) == 0 else {
                throw BindError(key, address, code: errno)
            }
        }
    }

    private static func port(of descriptor: Int32) -> Int? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var digits = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        // `sockaddr_storage` is large and aligned enough for either family's address.
        let code = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard getsockname(descriptor, address, &length) == 0 else { return errno }
                return getnameinfo(address, length, nil, 0, &digits, socklen_t(digits.count), Int32(NI_NUMERICSERV))
            }
        }
        let text = String(decoding: digits.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return code == 0 ? Int(text) : nil
    }

    /// Gives the descriptor away: whoever takes it closes it.
    consuming func release() -> Int32 { self.descriptor }
}
