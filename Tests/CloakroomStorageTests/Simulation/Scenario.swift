import CloakroomDomain
import Testing

@testable import CloakroomDisk
@testable import CloakroomLocal
@testable import CloakroomSQLite
@testable import CloakroomStore
@testable import CloakroomSystem

/// What a client or the server does while the power is cut, or while calls fail.
enum Scenario: String, CaseIterable, CustomTestStringConvertible {
    case declare, sendSmall, sendLarge, sendVeryLarge, sendSmallGroup, sendNewSmall, sendNewLarge
    case sendNewSmallWithKey, sendNewLargeWithKey, repeatUpload
    case deleteSmall, deleteLarge, deletePending, sweepDeleted, sweepAbandoned, fillPack, revoke, renew
    case start, startAfterCrash, migrate, stop

    var testDescription: String { self.rawValue }

    /// Whether the run is the start itself.
    var isStart: Bool { self == .start || self == .startAfterCrash || self == .migrate }

    static let small = body(2_000, 3)
    static let other = body(5_000, 5)
    static let large = body(70_000, 7)
    static let veryLarge = body(1_100_000, 11)

    static func body(_ count: Int, _ seed: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 31 &+ seed &* 17) ^ ($0 >> 8)) }
    }

    /// What has been there before: the same for each run.
    func prepare(_ service: SimulatedService, _ ledger: Ledger) async throws -> [FileID] {
        // Somebody else's files, which nothing may touch.
        for bytes in [Self.body(100, 1), Self.body(66_000, 2)] {
            let id = try await service.declare(bytes).id
            ledger.declared(id, bytes)
            try await service.send(bytes, to: id)
            ledger.sent(id)
        }
        var ids: [FileID] = []
        for bytes in self.prepared {
            let id = try await service.declare(bytes).id
            ledger.declared(id, bytes)
            ids.append(id)
            guard self.sendsBefore else { continue }
            try await service.send(bytes, to: id)
            ledger.sent(id)
        }
        if self == .sweepDeleted {
            for id in ids {
                ledger.deleting(id)
                try await service.delete(id)
                ledger.deleted(id)
            }
        }
        return ids
    }

    private var prepared: [[UInt8]] {
        switch self {
        case .sendSmall, .repeatUpload, .deleteSmall, .revoke, .renew: [Self.small]
        case .sendLarge, .deleteLarge: [Self.large]
        case .sendVeryLarge: [Self.veryLarge]
        case .sendSmallGroup: [Self.small, Self.other, Self.body(64 * 1_024, 13), Self.body(1, 17)]
        case .deletePending: [Self.small]
        case .sweepDeleted, .startAfterCrash, .migrate, .stop: [Self.small, Self.large, Self.other]
        case .sweepAbandoned: [Self.small, Self.large]
        case .fillPack: (0..<4).map { Self.body(40_000, $0) }
        case .declare, .sendNewSmall, .sendNewLarge, .sendNewSmallWithKey, .sendNewLargeWithKey, .start: []
        }
    }

    private var sendsBefore: Bool {
        switch self {
        case .repeatUpload, .deleteSmall, .deleteLarge, .sweepDeleted, .revoke, .startAfterCrash, .migrate, .stop: true
        default: false
        }
    }

    /// Does it, and notes what was promised.
    func run(_ service: SimulatedService, _ ids: [FileID], _ ledger: Ledger) async throws {
        switch self {
        case .declare: ledger.declared(try await service.declare(Self.small).id, Self.small)
        case .sendSmall, .sendLarge, .sendVeryLarge, .sendSmallGroup, .repeatUpload, .fillPack:
            try await self.send(service, ids, ledger)
        case .sendNewSmall: try await self.sendNew(service, Self.small, ledger)
        case .sendNewLarge: try await self.sendNew(service, Self.large, ledger)
        case .sendNewSmallWithKey: try await self.sendNew(service, Self.small, ledger, key: IdempotencyKey("k"))
        case .sendNewLargeWithKey: try await self.sendNew(service, Self.large, ledger, key: IdempotencyKey("k"))
        case .deleteSmall, .deleteLarge, .deletePending:
            for id in ids {
                ledger.deleting(id)
                try await service.delete(id)
                ledger.deleted(id)
            }
        case .sweepDeleted: try await service.sweep(after: 60)
        case .sweepAbandoned:
            for id in ids { ledger.deleting(id) }
            try await service.sweep(after: 3 * 3_600)
            for id in ids { ledger.deleted(id) }
        case .revoke:
            for id in ids {
                _ = try await service.storage.revocations.revoke(
                    id, access: SimulatedService.access, requestedAt: Fixture.now, now: Fixture.now)
            }
        case .renew:
            for id in ids {
                _ = try await service.storage.uploads.renew(
                    id, access: SimulatedService.access, lifetimeSeconds: 7_200, now: Fixture.now)
            }
        case .start, .startAfterCrash, .migrate: break
        case .stop: await service.end()
        }
    }

    private func send(_ service: SimulatedService, _ ids: [FileID], _ ledger: Ledger) async throws {
        let bodies = self.prepared
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (id, bytes) in zip(ids, bodies) {
                let send: @Sendable () async throws -> Void = {
                    if self != .repeatUpload { ledger.sending(id) }
                    try await service.send(bytes, to: id)
                    ledger.sent(id)
                }
                // A group shares one flush; the others come one after the other.
                if self == .sendSmallGroup { group.addTask { try await send() } } else { try await send() }
            }
            try await group.waitForAll()
        }
    }

    private func sendNew(
        _ service: SimulatedService, _ bytes: [UInt8], _ ledger: Ledger, key: IdempotencyKey? = nil
    ) async throws {
        ledger.sendingNew(bytes)
        let id = try await service.sendNew(bytes, key: key)
        ledger.sentNew(id, bytes)
    }
}
