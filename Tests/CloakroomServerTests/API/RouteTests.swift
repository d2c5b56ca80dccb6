import CloakroomDomain
import CloakroomStore
import ReferenceEngine
import Testing

@testable import CloakroomServer

/// What it takes to use each route.
struct RouteTests {
    /// The routes as the published contract has them; one that is missing here fails.
    private static let requirements: [String: Route.Requirement] = [
        "POST /v1/files/upload": .organization(.filesWrite),
        "POST /v1/files": .organization(.filesWrite),
        "GET /v1/files": .organization(.filesRead),
        "HEAD /v1/files": .organization(.filesRead),
        "GET /v1/files/{id}": .organization(.filesRead),
        "HEAD /v1/files/{id}": .organization(.filesRead),
        "DELETE /v1/files/{id}": .organization(.filesWrite),
        "GET /v1/files/{id}/download": .organization(.filesRead),
        "HEAD /v1/files/{id}/download": .organization(.filesRead),
        "POST /v1/files/{id}/upload-url": .organization(.filesWrite),
        "POST /v1/files/{id}/revoke-urls": .organization(.filesWrite),
        "GET /v1/keys": .organization(.keysManage),
        "HEAD /v1/keys": .organization(.keysManage),
        "POST /v1/keys": .organization(.keysManage),
        "DELETE /v1/keys/{id}": .organization(.keysManage),
        "POST /v1/keys/{id}/rotate": .organization(.keysManage),
        "POST /v1/files/resolve": .gateway(.filesRead),
        "POST /v1/inputs/resolve": .gateway(.filesRead),
        "GET /v1/events": .events,
        "HEAD /v1/events": .events,
        "GET /openapi.yaml": .nothing,
        "HEAD /openapi.yaml": .nothing,
    ]

    @Test func everyRouteRequiresWhatItShould() throws {
        let routes = API.routes(try Self.apiServices(MemoryStore().storage))
        let found = routes.map { ("\($0.method) \($0.path)", $0.requirement) }
        #expect(Set(found.map(\.0)).count == found.count)
        #expect(Dictionary(uniqueKeysWithValues: found) == Self.requirements)
    }

    private static func apiServices(_ storage: Storage) throws -> APIServices {
        let clock = SystemClock()
        let keyRing = try #require(KeyRing([try SigningKey.generate(now: clock.now)]))
        let policy = SigningPolicy(
            region: "local", lifetimeSeconds: 60, baseURL: try #require(StorageURL("http://127.0.0.1:1")),
            maximumSize: .defaultMaximumFileSize)
        return APIServices(
            storage: storage,
            authenticator: Authenticator(keys: storage.keys, limiter: nil, clock: clock), policy: policy,
            signingKeys: SigningKeys(keyRing), clock: clock)
    }
}
