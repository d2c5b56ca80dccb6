import CloakroomDomain
import Testing

/// Cursors of the log of events.
struct EventCursorTests {
    private static let cursors = EventCursors(generation: Array(0..<16))
    private static let end = EventPosition(1 << 40)

    private static func acme() throws -> OrganizationID { try #require(OrganizationID("acme")) }

    @Test(arguments: [0, 1, 2, 255, 1 << 20, (1 << 32) - 1, 1 << 32, 1 << 40] as [Int64])
    func aCursorStandsForItsPosition(_ number: Int64) throws {
        for reader in [nil, try Self.acme()] {
            let text = Self.cursors.cursor(EventPosition(number), for: reader, salt: 7)
            #expect(text.wholeMatch(of: /[0-9a-f]{16}\.[0-9a-f]{16}/) != nil)
            #expect(try Self.cursors.position(text, for: reader, upTo: Self.end) == EventPosition(number))
        }
    }

    /// By Python's `hmac` and `hashlib`, from the description in docs/events.md.
    @Test func cursorsAreEncipheredAsDescribed() throws {
        #expect(Self.cursors.cursor(EventPosition(1), for: nil, salt: 7) == "c54eb6805e158b48.eaf91fb94578b7b2")
        #expect(
            Self.cursors.cursor(EventPosition(1_048_577), for: try Self.acme(), salt: 7)
                == "c54eb6805e158b48.1e5a133bc2e8a1e8")
    }

    /// Two neighbours have nothing in common that a third would have, too.
    @Test func neighboursDoNotLookLikeNeighbours() throws {
        let acme = try Self.acme()
        let texts = (0..<1_000).map { Self.cursors.cursor(EventPosition($0), for: acme, salt: 7).suffix(16) }
        #expect(Set(texts).count == texts.count)
        #expect(Set(texts.map { $0.prefix(4) }).count > 900)
        #expect(
            Self.cursors.cursor(EventPosition(1), for: nil, salt: 7)
                != Self.cursors.cursor(EventPosition(1), for: nil, salt: 8))
        #expect(
            Self.cursors.cursor(EventPosition(1), for: nil, salt: 7)
                != Self.cursors.cursor(EventPosition(1), for: acme, salt: 7))
    }

    @Test(
        arguments: [
            "", ".", "now", "0", "0000000000000000.0000000000000000.", "0000000000000000",
            "000000000000000g.0000000000000000", "0000000000000000.000000000000000",
            "ABCDEFABCDEFABCD.0000000000000000",
        ])
    func whatIsNoCursorIsRejected(_ text: String) {
        #expect(throws: EventCursors.Rejection.malformed) {
            try Self.cursors.position(text, for: nil, upTo: Self.end)
        }
    }

    @Test func cursorsOfOthersAreRejected() throws {
        let text = Self.cursors.cursor(EventPosition(5), for: try Self.acme(), salt: 7)
        // Another reader's stands for a number anywhere in 64 bits.
        #expect(throws: EventCursors.Rejection.malformed) {
            try Self.cursors.position(text, for: nil, upTo: Self.end)
        }
        #expect(throws: EventCursors.Rejection.gone) {
            try EventCursors(generation: Array(1..<17)).position(text, for: try Self.acme(), upTo: Self.end)
        }
        // What was never given.
        let beyond = Self.cursors.cursor(EventPosition(Self.end.number + 1), for: nil, salt: 7)
        #expect(throws: EventCursors.Rejection.malformed) {
            try Self.cursors.position(beyond, for: nil, upTo: Self.end)
        }
    }

    /// By Python's `hashlib`.
    @Test func idsAreDerivedAsDescribed() throws {
        let file = try #require(FileID("file_f47ac10b-58cc-4372-a567-0e02b2c3d479"))
        let id = EventID(.ready, of: file, at: Timestamp(secondsSinceEpoch: 1_774_006_200))
        #expect(id.description == "evt_51b46820ed105456fcb35f8e134446ff")
        #expect(EventID(id.description) == id)
        for text in ["evt_", "evt_" + String(repeating: "A", count: 32), "evt_" + String(repeating: "a", count: 31)] {
            #expect(EventID(text) == nil)
        }
    }

    @Test func filtersAreReadByName() throws {
        #expect(try EventFilter(names: ["file.*"]) == .all)
        #expect(try EventFilter(names: ["file.ready", "file.deleted"]).types == [.ready, .deleted])
        let error = #expect(throws: EventFilter.UnknownName.self) {
            try EventFilter(names: ["file.ready", "file.made"])
        }
        #expect(error?.name == "file.made")
    }
}
