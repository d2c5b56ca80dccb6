import CloakroomCrypto
import CloakroomDomain
import Testing

/// The form of keys, SigV4's derivation, and the ring of live keys.
struct SigningKeyTests {
    private static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    private static let created = Timestamp(secondsSinceEpoch: 0)

    @Test(arguments: [
        "AKIAIOSFODNN7EXAMPLE", "CLK0123456789abcdef_", "0123456789ABCDEF", String(repeating: "A", count: 128),
    ])
    func accessKeyIDIsAccepted(id: String) {
        let key = SigningKey(accessKeyID: id, secret: Self.secret, createdAt: Self.created)
        #expect(key?.accessKeyID == id)
    }

    @Test(arguments: [
        "", "AKIDEXAMPLE", "0123456789ABCDE", String(repeating: "A", count: 129), "0123456789ABCDE/",
        "0123456789ABCDE ", "0123456789ABCDE-", "0123456789ABCDE\n", "0123456789ABCDEé",
    ])
    func accessKeyIDIsRefused(id: String) {
        let key = SigningKey(accessKeyID: id, secret: Self.secret, createdAt: Self.created)
        #expect(key == nil)
    }

    @Test(arguments: [
        "", "fifteen-letters", "sixteen letters!", "sixteen-letters\n", "sixteen-letters\u{7F}", "sixteen-lettersé",
    ])
    func secretIsRefused(secret: String) {
        let key = SigningKey(accessKeyID: "AKIAIOSFODNN7EXAMPLE", secret: secret, createdAt: Self.created)
        #expect(key == nil)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let day: String
        let region: String
        let service: String
        let tag: String

        var testDescription: String { "\(self.day)/\(self.region)/\(self.service)" }
    }

    static let derivations: [Case] = [
        // AWS's documentation derives c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9; the tag is
        // printf message | openssl dgst -sha256 -mac HMAC -macopt hexkey:c4afb1cc…
        Case(
            day: "20150830", region: "us-east-1", service: "iam",
            tag: "6eff52e993a7697611cc863eaa605a438fc9709b40cdec1b632427082da2c2e6"),
        // Python's hmac, five times.
        Case(
            day: "20260320", region: "local", service: "s3",
            tag: "e66cfd3401c342215aa56e352d6a2f2d9de870adc1f1ceceb6f060fc523a55fe"),
    ]

    @Test(arguments: Self.derivations)
    func keyIsDerivedForDayRegionAndService(_ example: Case) throws {
        let candidate = SigningKey(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", secret: Self.secret, createdAt: Self.created)
        let key = try #require(candidate)
        let scope = CredentialScope(day: example.day, region: example.region, service: example.service)
        let code = key.derived(for: scope).authenticationCode(for: Array("message".utf8))
        #expect(code.hexadecimal == example.tag)
    }

    @Test
    func generatedKeysAreValidAndDiffer() throws {
        let keys = try (0..<50).map { _ in try SigningKey.generate(now: Self.created) }
        for key in keys {
            let read = SigningKey(
                accessKeyID: key.accessKeyID, secret: key.revealSecret(), createdAt: Self.created)
            #expect(read != nil)
            #expect(key.accessKeyID.count == 20)
            #expect(key.revealSecret().count == 40)
        }
        #expect(Set(keys.map(\.accessKeyID)).count == keys.count)
        #expect(Set(keys.map { $0.revealSecret() }).count == keys.count)
    }

    @Test
    func secretIsNotPrinted() throws {
        let key = try #require(
            SigningKey(accessKeyID: "AKIAIOSFODNN7EXAMPLE", secret: Self.secret, createdAt: Self.created))
        #expect(!"\(key)".contains(Self.secret))
        #expect(!String(reflecting: key).contains(Self.secret))
        var dumped = ""
        dump(key, to: &dumped)
        #expect(!dumped.contains(Self.secret))
    }

    @Test
    func ringWithoutKeysIsNone() {
        let ring = KeyRing([])
        #expect(ring == nil)
    }

    /// More days than the ring remembers, each twice: what is remembered is what is derived.
    @Test
    func ringDerivesTheSameKeyEachTime() throws {
        let fixture = try SigningFixture()
        let message = Array("message".utf8)
        for day in Array(0..<40) + Array(0..<40) {
            let scope = CredentialScope(day: "202603\(day + 10)", region: "local", service: "s3")
            for key in fixture.keyRing.keys {
                let derived = fixture.keyRing.derivedKey(accessKeyID: key.accessKeyID, scope: scope)
                let code = derived?.authenticationCode(for: message)
                let expected = key.derived(for: scope).authenticationCode(for: message)
                #expect(code == expected)
            }
            let unknown = fixture.keyRing.derivedKey(accessKeyID: "CLKUNKNOWNKEY0000000", scope: scope)
            #expect(unknown == nil)
        }
        #expect(fixture.keyRing.signing.accessKeyID == SigningFixture.accessKeyID)
    }
}
