import CloakroomDomain
import HTTPTypes
import Hummingbird

/// An API key as the API shows it.
enum KeyResource {
    static func json(_ record: APIKeyRecord) -> JSONOutput {
        .object(self.members(record))
    }

    /// Returns the response that shows a new key's secret, the only one that ever does.
    static func created(_ record: APIKeyRecord, _ key: APIKey) -> Response {
        let members = self.members(record) + [("key", .string(key.reveal()))]
        var response = JSONBody.response(.object(members), status: .created)
        response.headers[.location] = "/v1/keys/\(record.id)"
        return response
    }

    private static func members(_ record: APIKeyRecord) -> [(name: String, value: JSONOutput)] {
        [
            ("key_id", .string(record.id.description)), ("name", .string(record.name)),
            ("prefix", .string(record.visiblePrefix)),
            ("permissions", .array(record.permissions.map(\.rawValue).sorted().map { .string($0) })),
            ("created_at", .string(record.createdAt.rfc3339)), ("last_used_at", .optional(record.lastUsedAt?.rfc3339)),
            ("expires_at", .optional(record.expiresAt?.rfc3339)), ("revoked_at", .optional(record.revokedAt?.rfc3339)),
        ]
    }
}

/// The `{id}` of a path below `/v1/keys`.
enum KeyPath {
    /// Returns the key that a path names; one that no key can have is as unknown as any other.
    static func id(_ context: APIContext) throws(APIError) -> APIKeyID {
        guard let text = context.parameters.get("id"), let id = APIKeyID(text) else { throw .keyNotFound }
        return id
    }
}
