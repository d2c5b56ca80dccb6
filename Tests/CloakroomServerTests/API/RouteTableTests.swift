import HTTPTypes
import Testing

@testable import CloakroomServer

/// Telling a wrong method from a wrong path.
struct RouteTableTests {
    private static let table = RouteTable(entries: [
        RouteTable.Entry(path: "/v1/files", method: .post),
        RouteTable.Entry(path: "/v1/files", method: .get),
        RouteTable.Entry(path: "/v1/files/upload", method: .post),
        RouteTable.Entry(path: "/v1/files/{id}", method: .get),
        RouteTable.Entry(path: "/v1/files/{id}", method: .delete),
        RouteTable.Entry(path: "/v1/files/{id}/download", method: .head),
        RouteTable.Entry(path: "/v1/files/{id}/download", method: .get),
    ])

    struct Case: CustomTestStringConvertible, Sendable {
        let path: String
        let methods: [String]

        init(_ path: String, _ methods: [String]) {
            self.path = path
            self.methods = methods
        }

        var testDescription: String { self.path }
    }

    static let paths: [Case] = [
        Case("/v1/files", ["GET", "POST"]),
        Case("/v1/files/file_1", ["DELETE", "GET"]),
        Case("/v1/files/{id}", ["DELETE", "GET"]),
        Case("/v1/files/file_1/download", ["GET", "HEAD"]),
        // A literal route hides the one with a parameter.
        Case("/v1/files/upload", ["POST"]),
        Case("/v1/files/Upload", ["DELETE", "GET"]),
        Case("/v1/files/upload/download", ["GET", "HEAD"]),
        Case("/", []),
        Case("", []),
        Case("/v1", []),
        Case("/v2/files", []),
        Case("/V1/files", []),
        Case("/v1/files/file_1/upload", []),
        Case("/v1/files/file_1/download/x", []),
    ]

    @Test(arguments: Self.paths)
    func pathHasItsMethods(_ example: Case) {
        let methods = Self.table.methods(of: example.path)
        #expect(methods == example.methods)
    }
}
