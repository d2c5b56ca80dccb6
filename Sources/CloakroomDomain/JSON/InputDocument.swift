/// The input of a model as its user sent it, with the file references in it.
///
/// A reference is a string, nowhere a member's name, that is a ``FileID`` and nothing else.
public struct InputDocument: Sendable {
    /// Why an input cannot be taken.
    public enum Failure: Error, Hashable, Sendable {
        /// It is no JSON.
        case malformed
        /// Strings that are URLs: the first thousand of them.
        case rawURLs([JSONPointer])
        /// There are more different references than this.
        case tooManyReferences(limit: Int)
        /// The pointers of its references are longer than this, in bytes, all of them together.
        case pointersTooLong(limit: Int)
    }

    /// A file that the input refers to.
    public struct Reference: Hashable, Sendable {
        /// The file.
        public let id: FileID
        /// Where the input refers to it, in the order of the text.
        public fileprivate(set) var pointers: [JSONPointer]
    }

    /// The most different references.
    public static let maximumReferences = 1_000
    /// How deep arrays and objects may be nested.
    public static let maximumDepth = 64
    /// The most bytes of all pointers together: names can be long, and are repeated in each.
    static let maximumPointerLength = 1_048_576
    private static let maximumURLs = 1_000

    private let bytes: [UInt8]
    private let range: Range<Int>
    private let occurrences: [(range: Range<Int>, id: FileID)]
    /// The files that it refers to, each once, in the order of their first appearance.
    public let references: [Reference]

    /// Finds the references of an input.
    ///
    /// - Parameters:
    ///   - bytes: A JSON text.
    ///   - range: Where in it the input is, as ``RequestDocument`` found it.
    /// - Throws: ``Failure``.
    init(_ bytes: [UInt8], _ range: Range<Int>) throws(Failure) {
        var finder = ReferenceFinder(bytes: bytes)
        var scanner = JSONScanner(bytes, in: range, maximumDepth: Self.maximumDepth)
        do throws(JSONScanner.Failure) {
            try scanner.walk { finder.visit($0) }
        } catch {
            throw .malformed
        }
        guard finder.pointerLength <= Self.maximumPointerLength else {
            throw .pointersTooLong(limit: Self.maximumPointerLength)
        }
        guard finder.rawURLs.isEmpty else { throw .rawURLs(finder.rawURLs) }
        guard finder.references.count <= Self.maximumReferences else {
            throw .tooManyReferences(limit: Self.maximumReferences)
        }
        self.bytes = bytes
        self.range = range
        self.occurrences = finder.occurrences
        self.references = finder.references
    }

    /// Returns how long the input is with each reference replaced.
    ///
    /// - Parameter urls: What takes the place of each file.
    /// - Returns: The length, in bytes.
    public func length(replacingReferencesBy urls: [FileID: String]) -> Int {
        self.occurrences.reduce(self.range.count) { length, occurrence in
            guard let url = urls[occurrence.id] else { return length }
            // Both with their quotation marks.
            return length - occurrence.range.count + url.utf8.count + 2
        }
    }

    /// Returns the input with each reference replaced, and every other byte as it was.
    ///
    /// - Parameter urls: What takes the place of each file, of characters that a JSON string holds as they are.
    /// - Returns: A JSON text.
    public func replacingReferences(by urls: [FileID: String]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(self.length(replacingReferencesBy: urls))
        var copied = self.range.lowerBound
        for (range, id) in self.occurrences {
            guard let url = urls[id] else { continue }
            output.append(contentsOf: self.bytes[copied..<range.lowerBound])
            output.append(contentsOf: "\"\(url)\"".utf8)
            copied = range.upperBound
        }
        output.append(contentsOf: self.bytes[copied..<self.range.upperBound])
        return output
    }

    /// Collects references and URLs on the way through a document.
    private struct ReferenceFinder {
        private enum Token {
            case name(Range<Int>)
            case element(Int)
        }

        let bytes: [UInt8]
        private var path: [Token] = []
        private var indices: [FileID: Int] = [:]
        private(set) var references: [Reference] = []
        private(set) var occurrences: [(range: Range<Int>, id: FileID)] = []
        private(set) var rawURLs: [JSONPointer] = []
        private(set) var pointerLength = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        mutating func visit(_ event: JSONScanner.Event) {
            switch event {
            // Stands for the member or element to come.
            case .opened: self.path.append(.element(0))
            case .closed: self.path.removeLast()
            case .name(let range): self.path[self.path.count - 1] = .name(range)
            case .element(let index): self.path[self.path.count - 1] = .element(index)
            case .string(let range): self.visit(string: range)
            }
        }

        private mutating func visit(string range: Range<Int>) {
            let text = JSONStringLiteral.decode(self.bytes[range])
            if let id = FileID(text) {
                guard let pointer = self.pointer() else { return }
                self.occurrences.append((range, id))
                if let index = self.indices[id] {
                    self.references[index].pointers.append(pointer)
                } else if self.references.count <= InputDocument.maximumReferences {
                    self.indices[id] = self.references.count
                    self.references.append(Reference(id: id, pointers: [pointer]))
                }
            } else if self.rawURLs.count < InputDocument.maximumURLs, RawURL.matches(text) {
                if let pointer = self.pointer() { self.rawURLs.append(pointer) }
            }
        }

        /// Where the walk is; `nil` once the pointers are too long.
        private mutating func pointer() -> JSONPointer? {
            guard self.pointerLength <= InputDocument.maximumPointerLength else { return nil }
            let pointer = JSONPointer(
                self.path.map { token in
                    switch token {
                    case .name(let range): JSONStringLiteral.decode(self.bytes[range])
                    case .element(let index): "\(index)"
                    }
                })
            self.pointerLength += pointer.description.utf8.count
            return pointer
        }
    }
}
