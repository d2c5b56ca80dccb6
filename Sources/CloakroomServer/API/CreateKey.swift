import CloakroomDomain
import CloakroomStore
import Hummingbird

/// `POST /v1/keys`: a new key for an organization, whose secret is shown this once.
struct CreateKey: Sendable {
    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        context.sendContinue(to: request)
        let (name, permissions) = try Self.decode(try await JSONBody.object(request))
        let (record, key) = try await self.services.storage.keys.create(
            for: .organization(access.organization), name: name, permissions: permissions,
            now: self.services.clock.now)
        return KeyResource.created(record, key)
    }

    static func decode(_ body: RequestDocument) throws(APIError) -> (name: String, permissions: Set<Permission>) {
        var errors: [APIError.FieldError] = []
        body.rejectMembers(otherThan: ["name", "permissions"], &errors)
        let name = Self.name(body.value("name"), &errors)
        var permissions = Permission.defaults
        if let list = body.value("permissions") {
            permissions = Set(Self.permissions(list, &errors))
        }
        guard errors.isEmpty else { throw .invalid(errors) }
        return (name, permissions)
    }

    private static func name(_ value: JSONValue?, _ errors: inout [APIError.FieldError]) -> String {
        let rule = "must be a string of at most \(APIKeyRecord.maximumNameLength) characters without control characters"
        switch value {
        case .none: return ""
        case .string(let text) where APIKeyRecord.isName(text): return text
        case .string(let text):
            errors.add("name", "\(rule); it has \(text.unicodeScalars.count) characters")
        case .some(let other): errors.add("name", "\(rule); it is \(other.kind)")
        }
        return ""
    }

    private static func permissions(_ list: JSONValue, _ errors: inout [APIError.FieldError]) -> [Permission] {
        let allowed = Permission.ofOrganizations.map(\.rawValue).joined(separator: ", ")
        // More than there are can only be repetitions.
        let texts = JSONStrings.read(list, "permissions", 1...JSONStrings.maximumCount, &errors) ?? []
        return texts.enumerated().compactMap { index, text in
            if let permission = Permission(rawValue: text), permission != .eventsReadAll { return permission }
            errors.add("permissions[\(index)]", "must be one of \(allowed); it is \"\(text.excerpt)\"")
            return nil
        }
    }
}
