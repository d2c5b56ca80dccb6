/// Follows a walk through an input, and knows the places where a string must be a file reference: those at given
/// pointers, and the elements of arrays there.
///
/// It goes down the tree of the pointers as the walk goes down the input, so that no pointer is built for a string.
struct ReferencePlaces: Sendable {
    /// A place that pointers lead to or through.
    private struct Node: Sendable {
        /// Whether a pointer ends here.
        var isPlace = false
        var children: [JSONName: Int] = [:]
    }

    /// The first is the whole input.
    private var nodes = [Node()]
    /// The nodes of the arrays and objects that the walk is in; `nil` where no pointer leads.
    private var containers: [Int?] = []
    private var node: Int? = 0
    private var isElementOfPlace = false

    /// Begins at the whole input.
    ///
    /// A pointer with more names than an input has levels leads nowhere; it could have a million of them.
    init(_ pointers: some Sequence<JSONPointer>) {
        for pointer in pointers where pointer.depth <= InputDocument.maximumDepth {
            var node = 0
            for token in pointer.tokens { node = self.addChild(of: node, JSONName(text: token)) }
            self.nodes[node].isPlace = true
        }
    }

    private mutating func addChild(of node: Int, _ name: JSONName) -> Int {
        if let child = self.nodes[node].children[name] { return child }
        self.nodes.append(Node())
        self.nodes[node].children[name] = self.nodes.count - 1
        return self.nodes.count - 1
    }

    /// Whether the value that the walk has reached must be a reference if it is a string.
    var requiresReference: Bool {
        self.isElementOfPlace || self.node.map { self.nodes[$0].isPlace } ?? false
    }

    /// Follows the walk.
    mutating func visit(_ event: JSONScanner.Event, in bytes: ArraySlice<UInt8>) {
        switch event {
        case .opened: self.containers.append(self.node)
        case .closed: self.containers.removeLast()
        case .name(let range): self.enter(isElement: false) { JSONName(bytes[range]) }
        case .element(let index): self.enter(isElement: true) { JSONName(text: "\(index)") }
        case .string: break
        }
    }

    private mutating func enter(isElement: Bool, _ name: () -> JSONName) {
        guard let container = self.containers.last ?? nil else {
            (self.node, self.isElementOfPlace) = (nil, false)
            return
        }
        let children = self.nodes[container].children
        self.node = children.isEmpty ? nil : children[name()]
        self.isElementOfPlace = isElement && self.nodes[container].isPlace
    }
}
