import Testing

@testable import CloakroomServer

/// Counting up to a limit.
struct TallyTests {
    enum Step: Sendable {
        case added(String)
        case refused(String)
        case removed(String)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let limit: Int
        let steps: [Step]

        init(_ name: String, limit: Int, _ steps: [Step]) {
            self.name = name
            self.limit = limit
            self.steps = steps
        }

        var testDescription: String { self.name }
    }

    static let histories: [Case] = [
        Case("one at a time", limit: 1, [.added("a"), .refused("a"), .removed("a"), .added("a"), .refused("a")]),
        Case("as many as the limit", limit: 3, [.added("a"), .added("a"), .added("a"), .refused("a"), .refused("a")]),
        Case("keys apart", limit: 1, [.added("a"), .added("b"), .refused("a"), .refused("b")]),
        Case("another key's end", limit: 1, [.added("a"), .added("b"), .removed("b"), .refused("a"), .added("b")]),
        Case("what was refused is not counted", limit: 1, [.added("a"), .refused("a"), .removed("a"), .added("a")]),
        Case(
            "nothing below zero", limit: 1,
            [.removed("a"), .removed("a"), .added("a"), .refused("a"), .removed("a"), .removed("a"), .added("a")]),
        Case("a limit of none", limit: 0, [.refused("a"), .refused("b")]),
    ]

    @Test(arguments: Self.histories)
    func keyHasAtMostTheLimit(_ example: Case) {
        var tally = Tally<String>(limit: example.limit)
        for step in example.steps {
            switch step {
            case .added(let key):
                let isAdded = tally.add(key)
                #expect(isAdded)
            case .refused(let key):
                let isAdded = tally.add(key)
                #expect(!isAdded)
            case .removed(let key): tally.remove(key)
            }
        }
    }

    /// Keys come and go for as long as the process lives: those that have nothing take no memory.
    @Test
    func keyThatIsGoneIsForgotten() {
        var tally = Tally<Int>(limit: 2)
        for key in 0..<1_000 {
            for _ in 0..<3 { _ = tally.add(key) }
        }
        let full = tally
        for key in 0..<1_000 {
            for _ in 0..<3 { tally.remove(key) }
        }
        let empty = Tally<Int>(limit: 2)
        #expect(full != empty)
        #expect(tally == empty)
    }
}
