import Glibc
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// A kind of failure, and the calls that can have it.
struct InjectedFault: CustomTestStringConvertible, Sendable {
    let name: String
    let fault: SimulatedMachine.Fault
    let calls: Set<SystemCall>?
    var counted = SimulatedMachine.Counted.all
    /// Whether nobody may notice it: the call is repeated, or goes on.
    var isTransparent = false

    var testDescription: String { self.name }

    static let all: [InjectedFault] = [
        InjectedFault(name: "EIO", fault: .failure(EIO), calls: nil),
        InjectedFault(
            name: "ENOSPC", fault: .failure(ENOSPC),
            calls: [.openat, .write, .fallocate, .linkat, .renameat, .mkdirat],
            counted: .changes),
        InjectedFault(
            name: "EROFS", fault: .failure(EROFS),
            calls: [.openat, .write, .fallocate, .linkat, .unlinkat, .renameat, .mkdirat, .ftruncate], counted: .changes
        ),
        InjectedFault(name: "EMFILE", fault: .failure(EMFILE), calls: [.openat, .readdir]),
        InjectedFault(
            name: "EINTR", fault: .failure(EINTR), calls: [.openat, .read, .write, .ftruncate, .fallocate],
            isTransparent: true),
        InjectedFault(name: "short", fault: .short, calls: [.read, .write], isTransparent: true),
    ]
}

/// A failure of one call, or of each from that on.
struct FaultyCall: CustomStringConvertible, Sendable {
    let injected: InjectedFault
    /// From 1 on.
    let call: Int
    let stays: Bool

    var description: String { "\(self.injected.name) \(self.stays ? "from" : "at") call \(self.call)" }

    var trap: SimulatedMachine.Trap {
        .init(
            fault: self.injected.fault, call: self.call, of: self.injected.calls, counted: self.injected.counted,
            stays: self.stays)
    }

    /// Tries every kind of failure at call after call, until it hits none any more.
    ///
    /// - Parameters:
    ///   - stride: At every so-manieth call; the first of each kind is always tried.
    ///   - turn: Where among them to begin to count.
    ///   - attempt: Makes the calls, and returns whether the failure hit one.
    /// - Throws: What an attempt threw.
    static func each(stride: Int, turn: Int, _ attempt: (FaultyCall) async throws -> Bool) async throws {
        var turn = turn
        for injected in InjectedFault.all {
            for stays in injected.isTransparent ? [false] : [false, true] {
                var call = 1
                while true {
                    turn += 1
                    if call == 1 || turn.isMultiple(of: stride) {
                        let faulty = FaultyCall(injected: injected, call: call, stays: stays)
                        guard try await attempt(faulty) else { break }
                    }
                    call += 1
                }
            }
        }
    }
}
