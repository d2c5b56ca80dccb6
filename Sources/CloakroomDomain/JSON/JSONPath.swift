/// Where a walk through a document is.
struct JSONPath {
    private enum Token {
        case name(Range<Int>)
        case element(Int)
    }

    private var tokens: [Token] = []

    /// Follows a walk.
    mutating func visit(_ event: JSONScanner.Event) {
        switch event {
        // Stands for the member or element to come.
        case .opened: self.tokens.append(.element(0))
        case .closed: self.tokens.removeLast()
        case .name(let range): self.tokens[self.tokens.count - 1] = .name(range)
        case .element(let index): self.tokens[self.tokens.count - 1] = .element(index)
        case .string: break
        }
    }

    /// Returns the names and indices on the way.
    func names(in bytes: ArraySlice<UInt8>) -> [String] {
        self.tokens.map { token in
            switch token {
            case .name(let range): JSONStringLiteral.decode(bytes[range])
            case .element(let index): "\(index)"
            }
        }
    }
}
