import CloakroomDomain

/// The media types that an input's places take: `{"/image": ["image/*"]}`.
///
/// A list counts for the value at its pointer and everything beneath; of several, the one with the longest pointer.
struct AcceptedTypes: Sendable {
    /// Where a file's type is not accepted, and the types that are.
    struct Rejection {
        let pointers: [JSONPointer]
        let accepted: [MediaRange]
    }

    /// The most pointers of one request.
    private static let maximumCount = 1_000

    private let lists: [JSONPointer: [MediaRange]]

    /// Reads the field; what is wrong is added to a list.
    init(_ value: JSONValue?, _ errors: inout [APIError.FieldError]) {
        self.lists = value.map { Self.read($0, &errors) } ?? [:]
    }

    /// The places that have a list of their own.
    var pointers: Set<JSONPointer> { Set(self.lists.keys) }

    private static func read(
        _ value: JSONValue, _ errors: inout [APIError.FieldError]
    ) -> [JSONPointer: [MediaRange]] {
        guard let fields = value.members() else {
            errors.add(
                "accept", "must be an object that maps JSON Pointers to arrays of media types; it is \(value.kind)")
            return [:]
        }
        guard fields.count <= self.maximumCount else {
            errors.add("accept", "must have at most \(self.maximumCount) pointers; it has \(fields.count)")
            return [:]
        }
        var lists: [JSONPointer: [MediaRange]] = [:]
        for (name, value) in fields {
            let field = "accept[\"\(name.excerpt)\"]"
            guard let pointer = JSONPointer(name) else {
                errors.add(field, "must be a JSON Pointer (RFC 6901), which is empty or begins with /")
                continue
            }
            lists[pointer] = GatewayFields.mediaRanges(value, field, &errors)
        }
        return lists
    }

    /// Returns a rejection for each list of accepted types that does not have a file's, where the input has the file.
    func rejections(of mediaType: MediaType, at pointers: [JSONPointer]) -> [Rejection] {
        var rejections: [(accepted: [MediaRange], pointers: [JSONPointer])] = []
        for pointer in pointers {
            guard let accepted = self.list(for: pointer), !accepted.contains(where: { $0.contains(mediaType) }) else {
                continue
            }
            if let index = rejections.firstIndex(where: { $0.accepted == accepted }) {
                rejections[index].pointers.append(pointer)
            } else {
                rejections.append((accepted, [pointer]))
            }
        }
        return rejections.map { Rejection(pointers: $0.pointers, accepted: $0.accepted) }
    }

    private func list(for pointer: JSONPointer) -> [MediaRange]? {
        guard !self.lists.isEmpty else { return nil }
        var place: JSONPointer? = pointer
        while let current = place {
            if let list = self.lists[current] { return list }
            place = current.parent
        }
        return nil
    }
}
