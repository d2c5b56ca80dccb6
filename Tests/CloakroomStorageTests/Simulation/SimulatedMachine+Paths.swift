import Glibc
import Synchronization

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// What a path or a descriptor stands for.
extension SimulatedMachine {
    static func find(
        _ path: String, from directory: SimulatedDisk.Number, _ state: State
    ) -> SimulatedDisk.Number? {
        var parts = path.split(separator: "/")[...]
        var number = directory
        if path.hasPrefix("/") {
            // The machine's number.
            parts = parts.dropFirst()
            number = SimulatedDisk.root
        }
        for part in Self.resolved(parts) {
            guard let next = state.disk.folders[number]?.seen[String(part)] else { return nil }
            number = next
        }
        return number
    }

    /// The names of a path without `.` and `..`: there are no symbolic links here.
    private static func resolved(_ parts: ArraySlice<Substring>) -> [Substring] {
        parts.reduce(into: []) { names, part in
            if part == ".." { _ = names.popLast() } else if part != "." { names.append(part) }
        }
    }

    /// The directory of a path, and the last name.
    static func parent(
        _ path: String, from directory: SimulatedDisk.Number, _ state: State
    ) -> (SimulatedDisk.Number, String)? {
        var parts = path.split(separator: "/").map(String.init)
        guard let name = parts.popLast() else { return nil }
        let parent = (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
        return self.find(parent, from: directory, state).map { ($0, name) }
    }

    static func number(
        _ descriptor: Int32, _ call: SystemCall, _ state: State
    ) throws(SystemCallError) -> SimulatedDisk.Number {
        if descriptor == AT_FDCWD { return SimulatedDisk.root }
        guard let file = state.open[descriptor] else { throw SystemCallError(call, code: EBADF) }
        return file.number
    }
}
