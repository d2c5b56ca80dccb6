import CloakroomDomain

/// The fields that a gateway's requests have in common, each checked by itself; what is wrong is added to a list.
enum GatewayFields {
    /// The most media types of one list.
    private static let maximumAccepted = 100

    static func organization(_ value: JSONValue?, _ errors: inout [APIError.FieldError]) -> OrganizationID? {
        let reason: String
        switch value {
        case .none: reason = "is required; it must be \(OrganizationID.rule)"
        case .string(let text):
            if let organization = OrganizationID(text) { return organization }
            reason = "must be \(OrganizationID.rule); it is \"\(text.excerpt)\""
        case .some(let other): reason = "must be a string; it is \(other.kind)"
        }
        errors.add("organization_id", reason)
        return nil
    }

    /// Returns the right to act for the organization that the body names, unless the head names another.
    static func access(
        _ gateway: GatewayAccess, to organization: OrganizationID
    ) throws(APIError) -> OrganizationAccess {
        if let access = gateway.access(to: organization) { return access }
        throw .invalid("X-Organization-ID", "must be the same as organization_id in the body")
    }

    static func mediaRanges(
        _ list: JSONValue, _ field: String, _ errors: inout [APIError.FieldError]
    ) -> [MediaRange] {
        let texts = JSONStrings.read(list, field, 1...self.maximumAccepted, &errors) ?? []
        return texts.enumerated().compactMap { index, text in
            if let range = MediaRange(text) { return range }
            errors.add(
                "\(field)[\(index)]", "must be a media range like image/png or image/*; it is \"\(text.excerpt)\"")
            return nil
        }
    }
}
