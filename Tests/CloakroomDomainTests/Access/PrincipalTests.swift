import CloakroomDomain
import Testing

/// Who may act for which organization.
struct PrincipalTests {
    private static func record(
        _ scope: APIKeyRecord.Scope, permissions: Set<Permission> = Permission.defaults, revokedAt: Timestamp? = nil
    ) throws -> APIKeyRecord {
        let id = try #require(APIKeyID("key_0123456789abcdef"))
        return APIKeyRecord(
            id: id, scope: scope, name: "", visiblePrefix: "sk_00000000", permissions: permissions,
            createdAt: Timestamp(secondsSinceEpoch: 0), lastUsedAt: nil, revokedAt: revokedAt)
    }

    @Test
    func revokedKeyIsNobody() throws {
        let record = try Self.record(.gateway, revokedAt: Timestamp(secondsSinceEpoch: 1))
        let principal = Principal(record)
        #expect(principal == nil)
    }

    @Test(arguments: [nil, "default"])
    func organizationsKeyActsForItself(requested: String?) throws {
        let principal = try #require(Principal(try Self.record(.organization(.default))))
        let access = try principal.authorize(.filesRead, requestedOrganization: requested)
        #expect(access.organization == .default)
    }

    @Test(arguments: ["other", "Default", " default", "", "default,other"])
    func organizationsKeyActsForNobodyElse(requested: String) throws {
        let principal = try #require(Principal(try Self.record(.organization(.default))))
        #expect(throws: Principal.Denial.foreignOrganization) {
            try principal.authorize(.filesRead, requestedOrganization: requested)
        }
    }

    @Test(arguments: ["default", "acme-2"])
    func gatewayKeyActsForWhomItNames(requested: String) throws {
        let principal = try #require(Principal(try Self.record(.gateway)))
        let access = try principal.authorize(.filesWrite, requestedOrganization: requested)
        #expect(access.organization.description == requested)
    }

    @Test
    func gatewayKeyHasToNameSomebody() throws {
        let principal = try #require(Principal(try Self.record(.gateway)))
        #expect(throws: Principal.Denial.missingOrganization) {
            try principal.authorize(.filesRead, requestedOrganization: nil)
        }
        for requested in ["", "A", "../default"] {
            #expect(throws: Principal.Denial.malformedOrganization(requested)) {
                try principal.authorize(.filesRead, requestedOrganization: requested)
            }
        }
    }

    @Test(arguments: Permission.allCases, Permission.allCases)
    func keyMayDoWhatItWasGiven(given: Permission, needed: Permission) throws {
        let principal = try #require(Principal(try Self.record(.organization(.default), permissions: [given])))
        guard given != needed else {
            let access = try principal.authorize(needed, requestedOrganization: nil)
            #expect(access.organization == .default)
            return
        }
        #expect(throws: Principal.Denial.missingPermission(needed)) {
            try principal.authorize(needed, requestedOrganization: nil)
        }
    }
}
