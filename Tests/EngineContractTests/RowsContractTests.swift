import EngineContracts
import Testing

/// Every engine of rows does what the use cases rely on.
struct RowsContractTests {
    struct Promise: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let check: @Sendable (RowsContract) async throws -> Void

        init(_ name: String, _ check: @escaping @Sendable (RowsContract) async throws -> Void) {
            self.testDescription = name
            self.check = check
        }
    }

    static let promises = [
        Promise("keeps what was inserted") { try await $0.keepsWhatWasInserted() },
        Promise("seals once, and only what was declared") { try await $0.sealsOnceAndOnlyWhatWasDeclared() },
        Promise("places ready files") { try await $0.placesReadyFiles() },
        Promise("finds ready files in the order of their ids") { try await $0.findsReadyFilesInTheOrderOfTheirIDs() },
        Promise("pages are newest first") { try await $0.pagesAreNewestFirst() },
        Promise("renews pending uploads only") { try await $0.renewsPendingUploadsOnly() },
        Promise("quotas hold") { try await $0.quotasHold() },
        Promise("organizations shorten the life of files") { try await $0.organizationsShortenTheLifeOfFiles() },
        Promise("idempotency keys add one file") { try await $0.idempotencyKeysAddOneFile() },
        Promise("withdrawn files free their keys") { try await $0.withdrawnFilesFreeTheirKeys() },
        Promise("concurrent changes are one after the other") { try await $0.concurrentChangesAreOneAfterTheOther() },
        Promise("deletions leave tombstones") { try await $0.deletionsLeaveTombstones() },
        Promise("tombstones are read in pages and forgotten") { try await $0.tombstonesAreReadInPagesAndForgotten() },
        Promise("expired files are deleted") { try await $0.expiredFilesAreDeleted() },
        Promise("abandoned uploads are deleted") { try await $0.abandonedUploadsAreDeletedUnlessUnderWay() },
        Promise("revocations are kept") { try await $0.revocationsAreKept() },
        Promise("changes are told by events") { try await $0.changesAreToldByEvents() },
        Promise("events are read by organization, type and file") {
            try await $0.eventsAreReadByOrganizationTypeAndFile()
        },
        Promise("old events are dropped") { try await $0.oldEventsAreDropped() },
        Promise("a reader of events skips none") { try await $0.aReaderOfEventsSkipsNone() },
        Promise("keys are found by digest") { try await $0.keysAreFoundByDigest() },
        Promise("revoked keys stay revoked") { try await $0.revokedKeysStayRevoked() },
        Promise("replaced keys expire") { try await $0.replacedKeysExpire() },
    ]

    @Test(arguments: Engines.allCases, Self.promises)
    func engineKeeps(_ engines: Engines, _ promise: Promise) async throws {
        try await engines.with { rows, _ in try await promise.check(RowsContract(rows)) }
    }
}
