import EngineContracts
import Testing

/// Every engine of bytes does what the use cases rely on.
struct BlobsContractTests {
    struct Promise: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let check: @Sendable (BlobsContract, Int) async throws -> Void

        init(_ name: String, _ check: @escaping @Sendable (BlobsContract, Int) async throws -> Void) {
            self.testDescription = name
            self.check = check
        }
    }

    /// For bodies of any length.
    static let promises = [
        Promise("gives back what was stored") { try await $0.givesBackWhatWasStored($1) },
        Promise("discards what no row refers to") { try await $0.discardsWhatNoRowRefersTo($1) },
        Promise("open readers keep the bytes") { try await $0.openReadersKeepTheBytes($1) },
        Promise("lost bytes are replaced") { try await $0.lostBytesAreReplaced($1) },
    ]

    @Test(arguments: Engines.allCases, Self.promises)
    func engineKeepsForEveryLength(_ engines: Engines, _ promise: Promise) async throws {
        for length in BlobsContract.lengths {
            try await engines.with { rows, blobs in
                try await promise.check(BlobsContract(blobs, rows: rows), length)
            }
        }
    }

    @Test(arguments: Engines.allCases)
    func bodiesAreHeldToWhatWasAnnounced(_ engines: Engines) async throws {
        try await engines.with { try await BlobsContract($1, rows: $0).rejectsWhatWasNotAnnounced() }
        try await engines.with { try await BlobsContract($1, rows: $0).keepsNothingOfWhatIsOnlyHashed() }
    }

    @Test(arguments: Engines.allCases)
    func uploadsBesideOneAnotherAreKeptApart(_ engines: Engines) async throws {
        try await engines.with { try await BlobsContract($1, rows: $0).uploadsBesideOneAnotherAreKeptApart() }
    }

    @Test(arguments: Engines.allCases, BlobsContract.lengths)
    func bytesWhoseRowWasCommittedAfterAllStay(_ engines: Engines, _ length: Int) async throws {
        try await engines.with { try await BlobsContract($1, rows: $0).keepsWhatARowRefersToAfterAll(length) }
    }
}
