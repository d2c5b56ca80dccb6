/// One change to a presigned request, chosen by the bytes of an input.
///
/// The first byte chooses the request and the kind of change: the letters `d` to `j` change the GET and `k` to `q` the
/// PUT, in the order of ``Kind``. The next two are a position, the fourth is a byte, and what follows is a text, for
/// the kinds that take them.
struct Tampering {
    /// What is changed.
    enum Kind: Int, CaseIterable {
        /// A byte of the target is exchanged.
        case replace
        /// A byte of the target is left out.
        case remove
        /// A byte is added to the target.
        case insert
        /// A text is added to the query, behind an `&`.
        case append
        /// The method is exchanged for a text.
        case method
        /// The value of a signed field is exchanged for a text; the host that arrives does not count.
        case field
        /// A field `x-amz-…` is added: a text up to its colon, and its value.
        case addition
    }

    let kind: Kind
    let isUpload: Bool
    private let position: Int
    private let byte: UInt8
    private let text: ArraySlice<UInt8>

    /// Reads a change.
    ///
    /// - Parameter bytes: At least four; fewer give `nil`.
    init?(_ bytes: [UInt8]) {
        let kinds = Kind.allCases
        guard bytes.count >= 4 else { return nil }
        let choice = (Int(bytes[0]) + 256 - Int(UInt8(ascii: "d"))) % 256 % (2 * kinds.count)
        self.kind = kinds[choice % kinds.count]
        self.isUpload = choice >= kinds.count
        self.position = Int(bytes[1]) << 8 | Int(bytes[2])
        self.byte = bytes[3]
        self.text = bytes[4...]
    }

    /// Returns the changed request, or `nil` where it has nothing that could be changed so.
    ///
    /// - Parameter request: A request that is granted.
    /// - Returns: The changed request.
    func apply(to request: PlainRequest) -> PlainRequest? {
        var changed = request
        let count = request.target.count
        switch self.kind {
        case .replace: changed.target[self.position % count] = self.byte
        case .remove: changed.target.remove(at: self.position % count)
        case .insert: changed.target.insert(self.byte, at: self.position % (count + 1))
        case .append: changed.target += [UInt8(ascii: "&")] + self.text
        case .method: changed.method = Array(self.text)
        case .field:
            let names = request.names.filter { $0 != Array("host".utf8) }
            guard !names.isEmpty else { return nil }
            let name = names[self.position % names.count]
            changed.fields.removeAll { $0.name == name }
            changed.add(name: name, value: self.text)
        case .addition:
            let name = self.text.prefix { $0 != UInt8(ascii: ":") }
            changed.add(name: Array("x-amz-".utf8) + name, value: self.text.dropFirst(name.count + 1))
        }
        return changed
    }
}
