package import CloakroomDomain

/// What a form's body comes to, fed to the parser in chunks.
package struct MultipartOutcome: Hashable {
    /// A part, as far as it was read.
    package struct Part: Hashable {
        /// What its header fields say.
        package let head: MultipartPart
        /// Its contents.
        package fileprivate(set) var content: [UInt8] = []
        /// Whether it ended.
        package fileprivate(set) var isComplete = false
    }

    /// The parts, the last one incomplete where there was an error.
    package private(set) var parts: [Part] = []
    /// Whether the form ended.
    package private(set) var isComplete = false
    /// Why it did not.
    package private(set) var error: MultipartError?

    /// Feeds the parser.
    ///
    /// - Parameters:
    ///   - body: The body.
    ///   - boundary: Its boundary.
    ///   - cuts: The rising offsets at which one chunk ends and another begins.
    /// - Throws: ``Violation`` of what every sequence of events holds to.
    package init(_ body: [UInt8], boundary: MultipartBoundary, cuts: some Sequence<Int>) throws(Violation) {
        var parser = MultipartParser(boundary: boundary)
        do {
            for chunk in body.chunks(cuts) {
                var offset = 0
                while let event = try parser.next(in: chunk.span.bytes, from: &offset) {
                    try self.take(event, of: chunk, boundary)
                }
                try Violation.unless(offset == chunk.count, "a chunk is read to its end")
            }
            try parser.finish()
        } catch let error as MultipartError {
            self.error = error
        } catch {
            throw (error as? Violation) ?? Violation("\(error)")
        }
    }

    private mutating func take(
        _ event: MultipartParser.Event, of chunk: [UInt8], _ boundary: MultipartBoundary
    ) throws(Violation) {
        switch event {
        case .partBegan(let head): self.parts.append(Part(head: head))
        case .bytes(let range):
            try Violation.unless(
                range.lowerBound >= 0 && !range.isEmpty && range.upperBound <= chunk.count, "a range is of the chunk")
            try self.append(chunk[range])
        case .heldBytes(let bytes):
            try Violation.unless(
                (1...boundary.text.utf8.count + 5).contains(bytes.count), "what is held back could be a delimiter")
            try self.append(bytes[...])
        case .partEnded:
            try self.append([])
            self.parts[self.parts.count - 1].isComplete = true
        case .ended:
            try Violation.unless(
                !self.isComplete && self.parts.allSatisfy(\.isComplete), "a form ends once, with its parts")
            self.isComplete = true
        }
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>) throws(Violation) {
        guard let last = self.parts.last, !last.isComplete else { throw Violation("contents are of a part") }
        self.parts[self.parts.count - 1].content += bytes
    }
}

extension [UInt8] {
    /// The bytes cut at rising offsets.
    func chunks(_ cuts: some Sequence<Int>) -> [[UInt8]] {
        var chunks: [[UInt8]] = []
        var start = 0
        for cut in cuts {
            chunks.append(Array(self[start..<cut]))
            start = cut
        }
        return chunks + [Array(self[start...])]
    }
}
