import NIOCore
import Synchronization

/// An origin's connections, in a group for each event loop.
final class ConnectionGroups: Sendable {
    private struct State {
        var groups: [ObjectIdentifier: NIOLoopBound<ConnectionGroup>] = [:]
        var isCutOff = false
    }

    private let state = Mutex(State())

    /// Called on the event loop itself.
    func group(of eventLoop: any EventLoop) -> NIOLoopBound<ConnectionGroup> {
        self.state.withLock { state in
            if let group = state.groups[ObjectIdentifier(eventLoop)] { return group }
            let group = ConnectionGroup.start(on: eventLoop)
            state.groups[ObjectIdentifier(eventLoop)] = group
            if state.isCutOff { group.value.cutOffAll() }
            return group
        }
    }

    /// Closes every connection, whatever it is doing, and returns what they were doing.
    @discardableResult
    func cutOffAll() async -> CutOffConnections {
        var sum = CutOffConnections()
        for group in self.allGroups() {
            let cutOff = try? await group.eventLoop.submit { group.value.cutOffAll() }.get()
            if let cutOff { sum = sum + cutOff }
        }
        return sum
    }

    /// The groups there are; one that is made later closes its connections at once.
    private func allGroups() -> [NIOLoopBound<ConnectionGroup>] {
        self.state.withLock { state in
            state.isCutOff = true
            return Array(state.groups.values)
        }
    }
}
