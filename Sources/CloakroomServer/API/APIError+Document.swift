import CloakroomDomain

extension APIError {
    /// The longest pointer that an error repeats, in bytes.
    private static let maximumPointerLength = 1_024

    /// Maps why a body is no JSON object.
    init(_ failure: RequestDocument.Failure) {
        switch failure {
        case .malformed(let offset):
            self = .invalid("body", "must be valid JSON (RFC 8259) in UTF-8; byte \(offset) is not valid")
        case .notAnObject:
            self = .invalid("body", "must be a JSON object; it is another value")
        case .tooDeep:
            self = .invalid(
                "body", "must not nest arrays and objects more than \(RequestDocument.maximumDepth) deep in a member")
        case .repeatedMember(let member, .root):
            self = .invalid(member.excerpt, "must appear only once")
        case .repeatedMember(let member, let pointer):
            let isLong = pointer.description.utf8.count > Self.maximumPointerLength
            let place = isLong ? "an object deep in it" : "the object at \"\(pointer.parent ?? .root)\""
            self = .invalid([
                FieldError(
                    field: member.excerpt,
                    reason: "must not have two members with the same name in one object; \(place) has",
                    pointer: isLong ? nil : pointer)
            ])
        }
    }
}
