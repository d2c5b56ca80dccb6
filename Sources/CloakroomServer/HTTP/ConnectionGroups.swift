import NIOCore
import Synchronization

/// An origin's connections, in a group for each event loop.
final class ConnectionGroups: Sendable {
    private let groups = Mutex<[ObjectIdentifier: NIOLoopBound<ConnectionGroup>]>([:])

    /// Called on the event loop itself.
    func group(of eventLoop: any EventLoop) -> NIOLoopBound<ConnectionGroup> {
        self.groups.withLock { groups in
            if let group = groups[ObjectIdentifier(eventLoop)] { return group }
            let group = ConnectionGroup.start(on: eventLoop)
            groups[ObjectIdentifier(eventLoop)] = group
            return group
        }
    }

    /// Closes every connection, whatever it is doing.
    func closeAll() {
        for group in self.groups.withLock({ Array($0.values) }) {
            group.eventLoop.execute { group.value.closeAll() }
        }
    }
}
