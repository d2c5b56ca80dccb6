import CloakroomDomain
import Testing

/// Organization ids by the contract, `[a-z0-9][a-z0-9_-]{0,63}`.
struct OrganizationIDTests {
    @Test(arguments: ["a", "0", "default", "acme-2", "a_b-c", "a-", "a_", "0-0", String(repeating: "z", count: 64)])
    func idIsAccepted(text: String) throws {
        let id = try #require(OrganizationID(text))
        #expect(id.description == text)
    }

    @Test(arguments: [
        "", "-a", "_a", "A", "aB", "a b", " a", "a ", "a.b", "a/b", "..", "a\n", "a\u{0}", "é", "aé", "\u{FF41}",
        String(repeating: "z", count: 65),
    ])
    func anythingElseIsRefused(text: String) {
        let id = OrganizationID(text)
        #expect(id == nil)
    }

    @Test
    func firstOrganizationIsDefault() {
        #expect(OrganizationID("default") == .default)
    }
}
