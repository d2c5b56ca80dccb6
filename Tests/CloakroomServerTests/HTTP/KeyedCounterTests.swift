import Testing

@testable import CloakroomServer

/// Counting up to a limit.
struct KeyedCounterTests {
    enum Step: Sendable {
        case added(String)
        case rejected(String)
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
        Case("one at a time", limit: 1, [.added("a"), .rejected("a"), .removed("a"), .added("a"), .rejected("a")]),
        Case(
            "as many as the limit", limit: 3, [.added("a"), .added("a"), .added("a"), .rejected("a"), .rejected("a")]),
        Case("keys apart", limit: 1, [.added("a"), .added("b"), .rejected("a"), .rejected("b")]),
        Case("another key's end", limit: 1, [.added("a"), .added("b"), .removed("b"), .rejected("a"), .added("b")]),
        Case("what was refused is not counted", limit: 1, [.added("a"), .rejected("a"), .removed("a"), .added("a")]),
        Case(
            "nothing below zero", limit: 1,
            [.removed("a"), .removed("a"), .added("a"), .rejected("a"), .removed("a"), .removed("a"), .added("a")]),
        Case("a limit of none", limit: 0, [.rejected("a"), .rejected("b")]),
    ]

    @Test(arguments: Self.histories)
    func keyHasAtMostTheLimit(_ example: Case) {
        var counter = KeyedCounter<String>(limit: example.limit)
        for step in example.steps {
            switch step {
            case .added(let key):
                let isAdded = counter.add(key)
                #expect(isAdded)
            case .rejected(let key):
                let isAdded = counter.add(key)
                #expect(!isAdded)
            case .removed(let key): counter.remove(key)
            }
        }
    }

    /// Keys come and go for as long as the process lives: those that have nothing take no memory.
    @Test
    func keyThatIsGoneIsForgotten() {
        var counter = KeyedCounter<Int>(limit: 2)
        for key in 0..<1_000 {
            for _ in 0..<3 { _ = counter.add(key) }
        }
        let full = counter
        for key in 0..<1_000 {
            for _ in 0..<3 { counter.remove(key) }
        }
        let empty = KeyedCounter<Int>(limit: 2)
        #expect(full != empty)
        #expect(counter == empty)
    }
}
