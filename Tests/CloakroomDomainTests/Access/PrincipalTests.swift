import CloakroomDomain
import Testing

/// Who may act for which organization.
struct PrincipalTests {
    private static let now = Timestamp(secondsSinceEpoch: 1_774_000_000)

    private static func record(
        _ scope: APIKeyRecord.Scope, permissions: Set<Permission> = Permission.defaults, expiresAt: Timestamp? = nil,
        revokedAt: Timestamp? = nil
    ) throws -> APIKeyRecord {
        let id = try #require(APIKeyID("key_0123456789abcdef"))
        return APIKeyRecord(
            id: id, scope: scope, name: "", visiblePrefix: "sk_00000000", permissions: permissions,
            createdAt: Timestamp(secondsSinceEpoch: 0), expiresAt: expiresAt, revokedAt: revokedAt)
    }

    @Test
    func revokedKeyIsNobody() throws {
        let record = try Self.record(.gateway, revokedAt: Timestamp(secondsSinceEpoch: 1))
        let principal = Principal(record, now: Self.now)
        #expect(principal == nil)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)] as [(Int64, Bool)])
    func expiredKeyIsNobody(secondsLeft: Int64, isNobody: Bool) throws {
        let expiresAt = Self.now.advanced(bySeconds: secondsLeft)
        let record = try Self.record(.gateway, expiresAt: expiresAt)
        #expect((Principal(record, now: Self.now) == nil) == isNobody)
    }

    @Test
    func gatewayActsForTheOrganizationOfItsBody() throws {
        let acme = try #require(OrganizationID("acme"))
        let gateway = try #require(Principal(try Self.record(.gateway), now: Self.now))
        let unnamed = try gateway.authorizeGateway(.filesRead, requestedOrganization: nil)
        #expect(unnamed.access(to: acme)?.organization == acme)
        let named = try gateway.authorizeGateway(.filesRead, requestedOrganization: "acme")
        #expect(named.access(to: acme)?.organization == acme)
        let other = try gateway.authorizeGateway(.filesRead, requestedOrganization: "other")
        #expect(other.access(to: acme) == nil)
        #expect(throws: Principal.Denial.missingPermission(.keysManage)) {
            try gateway.authorizeGateway(.keysManage, requestedOrganization: nil)
        }
        let organizations = try #require(Principal(try Self.record(.organization(acme)), now: Self.now))
        #expect(throws: Principal.Denial.notAGateway) {
            try organizations.authorizeGateway(.filesRead, requestedOrganization: "acme")
        }
    }

    @Test(arguments: [nil, "default"])
    func organizationsKeyActsForItself(requested: String?) throws {
        let principal = try #require(Principal(try Self.record(.organization(.default)), now: Self.now))
        let access = try principal.authorize(.filesRead, requestedOrganization: requested)
        #expect(access.organization == .default)
    }

    @Test(arguments: ["other", "Default", " default", "", "default,other"])
    func organizationsKeyActsForNobodyElse(requested: String) throws {
        let principal = try #require(Principal(try Self.record(.organization(.default)), now: Self.now))
        #expect(throws: Principal.Denial.foreignOrganization) {
            try principal.authorize(.filesRead, requestedOrganization: requested)
        }
    }

    @Test(arguments: ["default", "acme-2"])
    func gatewayKeyActsForWhomItNames(requested: String) throws {
        let principal = try #require(Principal(try Self.record(.gateway), now: Self.now))
        let access = try principal.authorize(.filesWrite, requestedOrganization: requested)
        #expect(access.organization.description == requested)
    }

    @Test
    func gatewayKeyHasToNameSomebody() throws {
        let principal = try #require(Principal(try Self.record(.gateway), now: Self.now))
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
        let principal = try #require(
            Principal(try Self.record(.organization(.default), permissions: [given]), now: Self.now))
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
