import CSQLite
import Glibc
import Synchronization

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore

/// The locks of a machine's databases, and the indexes of their logs.
final class SimulatedSQLiteState: Sendable {
    /// Memory of an index, freed with the machine: no connection is left then.
    struct Region: @unchecked Sendable {
        let memory: UnsafeMutableRawPointer
    }

    struct Database {
        var shared: Set<ObjectIdentifier> = []
        var reserved: ObjectIdentifier?
        var exclusive: ObjectIdentifier?
        var regions: [Region] = []
        /// Who uses them; the last one takes them along.
        var users: Set<ObjectIdentifier> = []
        var indexShared: [Int: Set<ObjectIdentifier>] = [:]
        var indexExclusive: [Int: ObjectIdentifier] = [:]
    }

    let databases = Mutex<[String: Database]>([:])

    deinit {
        self.databases.withLock { databases in
            for region in databases.values.flatMap(\.regions) { region.memory.deallocate() }
        }
    }
}
