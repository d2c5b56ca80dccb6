/// The input of a model as its user sent it, with the file references in it.
///
/// A reference is a string, nowhere a member's name, that is a ``FileID`` and nothing else.
public struct InputDocument: Sendable {
    /// Why an input cannot be taken.
    public enum Failure: Error, Hashable, Sendable {
        /// Arrays and objects are nested deeper than this.
        case tooDeep(limit: Int)
        /// Strings that may not stand where they are: the first thousand of them.
        case unfitStrings([UnfitString])
        /// There are more different references than this.
        case tooManyReferences(limit: Int)
        /// The pointers to references and to unfit strings are longer than this, in bytes, all of them together.
        case pointersTooLong(limit: Int)
    }

    /// A string that may not stand where it is.
    public struct UnfitString: Hashable, Sendable {
        /// What is wrong with it.
        public enum Cause: Hashable, Sendable {
            /// It is a URL.
            case rawURL
            /// It is no reference, at a place that takes only references.
            case noReference
        }

        /// Where it is.
        public let pointer: JSONPointer
        /// What is wrong with it.
        public let cause: Cause

        /// Names a string by its place.
        public init(pointer: JSONPointer, cause: Cause) {
            self.pointer = pointer
            self.cause = cause
        }
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
    private static let maximumUnfitStrings = 1_000

    private let text: ArraySlice<UInt8>
    private let occurrences: [(range: Range<Int>, id: FileID)]
    /// The files that it refers to, each once, in the order of their first appearance.
    public let references: [Reference]

    /// Finds the references of an input.
    init(_ text: ArraySlice<UInt8>, _ places: ReferencePlaces) throws(Failure) {
        var finder = ReferenceFinder(text: text, places: places)
        var scanner = JSONScanner(text, maximumDepth: Self.maximumDepth)
        do throws(JSONScanner.Failure) {
            try scanner.walk { finder.visit($0) }
        } catch {
            // The body was walked before: it is JSON, and its names differ.
            throw .tooDeep(limit: Self.maximumDepth)
        }
        guard finder.pointerLength <= Self.maximumPointerLength else {
            throw .pointersTooLong(limit: Self.maximumPointerLength)
        }
        guard finder.unfitStrings.isEmpty else { throw .unfitStrings(finder.unfitStrings) }
        guard finder.references.count <= Self.maximumReferences else {
            throw .tooManyReferences(limit: Self.maximumReferences)
        }
        self.text = text
        self.occurrences = finder.occurrences
        self.references = finder.references
    }

    /// Returns how long the input is, in bytes, with each reference replaced.
    public func length(replacingReferencesBy urls: [FileID: String]) -> Int {
        self.occurrences.reduce(self.text.count) { length, occurrence in
            guard let url = urls[occurrence.id] else { return length }
            // Both with their quotation marks.
            return length - occurrence.range.count + url.utf8.count + 2
        }
    }

    /// Returns the input with each reference replaced, by characters that a JSON string holds as they are, and every
    /// other byte as it was.
    public func replacingReferences(by urls: [FileID: String]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(self.length(replacingReferencesBy: urls))
        var copied = self.text.startIndex
        for (range, id) in self.occurrences {
            guard let url = urls[id] else { continue }
            output.append(contentsOf: self.text[copied..<range.lowerBound])
            output.append(contentsOf: "\"\(url)\"".utf8)
            copied = range.upperBound
        }
        output.append(contentsOf: self.text[copied...])
        return output
    }

    /// Collects references and unfit strings on the way through a document.
    private struct ReferenceFinder {
        let text: ArraySlice<UInt8>
        private var places: ReferencePlaces
        private var path = JSONPath()
        private var indices: [FileID: Int] = [:]
        private(set) var references: [Reference] = []
        private(set) var occurrences: [(range: Range<Int>, id: FileID)] = []
        private(set) var unfitStrings: [UnfitString] = []
        private(set) var pointerLength = 0

        init(text: ArraySlice<UInt8>, places: ReferencePlaces) {
            self.text = text
            self.places = places
        }

        mutating func visit(_ event: JSONScanner.Event) {
            self.path.visit(event)
            self.places.visit(event, in: self.text)
            guard case .string(let range) = event else { return }
            let text = JSONStringLiteral.decode(self.text[range])
            if let id = FileID(text) {
                self.add(id, range)
            } else if RawURL.matches(text) {
                self.reject(.rawURL)
            } else if self.places.requiresReference {
                self.reject(.noReference)
            }
        }

        private mutating func add(_ id: FileID, _ range: Range<Int>) {
            guard let pointer = self.pointer() else { return }
            self.occurrences.append((range, id))
            if let index = self.indices[id] {
                self.references[index].pointers.append(pointer)
            } else if self.references.count <= InputDocument.maximumReferences {
                self.indices[id] = self.references.count
                self.references.append(Reference(id: id, pointers: [pointer]))
            }
        }

        private mutating func reject(_ cause: UnfitString.Cause) {
            guard self.unfitStrings.count < InputDocument.maximumUnfitStrings, let pointer = self.pointer() else {
                return
            }
            self.unfitStrings.append(UnfitString(pointer: pointer, cause: cause))
        }

        /// Where the walk is; `nil` once the pointers are too long.
        private mutating func pointer() -> JSONPointer? {
            guard self.pointerLength <= InputDocument.maximumPointerLength else { return nil }
            let pointer = JSONPointer(self.path.names(in: self.text))
            self.pointerLength += pointer.description.utf8.count
            return pointer
        }
    }
}
