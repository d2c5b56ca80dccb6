import HTTPTypes
import Hummingbird
import NIOCore

/// `GET /openapi.yaml`: the OpenAPI 3.1 document of the API, which is part of the program.
struct OpenAPIDocument: Sendable {
    private static let document = ByteBuffer(bytes: PackageResources.openapi_yaml)

    func callAsFunction(_ request: Request, _ context: APIContext) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/yaml"], body: ResponseBody(byteBuffer: Self.document))
    }
}
