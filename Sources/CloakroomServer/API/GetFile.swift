import CloakroomDomain
import CloakroomStore
import Hummingbird

/// `GET /v1/files/{id}`: what is known of a file.
struct GetFile: Sendable {
    let services: APIServices

    func callAsFunction(
        _ access: OrganizationAccess, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        let id = try FilePath.id(context)
        let record = try await self.services.storage.files.find(id, access: access, now: self.services.clock.now)
        return JSONBody.response(FileResource.json(record))
    }
}

/// The `{id}` of a path.
enum FilePath {
    /// Returns the file that a path names; one that no file can have is as unknown as any other.
    static func id(_ context: APIContext) throws(APIError) -> FileID {
        guard let text = context.parameters.get("id"), let id = FileID(text) else { throw .fileNotFound }
        return id
    }
}
